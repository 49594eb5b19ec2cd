# Allocates known numbers of objects after a line on standard input.
class Shop; end

puts "pid #{Process.pid}"
$stdout.flush
$stdin.gets
97.times { Shop.new }
13.times { "abc" }
7.times { [1, 2, rand] }
5.times { { a: rand } }
