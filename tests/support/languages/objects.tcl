# Allocates known numbers of lists after a line on standard input.
proc make {n} { for {set i 0} {$i < $n} {incr i} { list $i $n } }
puts "pid [pid]"
flush stdout
gets stdin
make 97
