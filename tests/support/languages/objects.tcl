# Known numbers of new lists, once a line comes.
proc make {n} { for {set i 0} {$i < $n} {incr i} { list $i $n } }
puts "pid [pid]"
flush stdout
gets stdin
make 97
