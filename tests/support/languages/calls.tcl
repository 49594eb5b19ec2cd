# Makes known numbers of calls after a line on standard input.
namespace eval Shop {
    proc buy {n} { expr {$n + 1} }
}
proc deep {n} { if {$n > 1} { deep [expr {$n - 1}] } else { return 0 } }
proc plain {n} { return $n }

puts "pid [pid]"
flush stdout
gets stdin
for {set i 0} {$i < 97} {incr i} { plain $i }
for {set i 0} {$i < 13} {incr i} { Shop::buy $i }
deep 5
