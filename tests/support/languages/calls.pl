# Makes known numbers of calls after a line on standard input.
use strict;
use List::Util;

package Shop;
sub new { return bless {}, shift }
sub buy { my ($self, $n) = @_; return $n + 1 }

package main;
sub deep { my $n = shift; return $n > 1 ? deep($n - 1) : 0 }
sub plain { return $_[0] }

$| = 1;
print "pid $$\n";
<STDIN>;
plain($_) for 1 .. 97;
my $shop = Shop->new;
$shop->buy($_) for 1 .. 13;
deep(5);
List::Util::sum(1, 2) for 1 .. 7;
