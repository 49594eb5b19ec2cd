# Runs known garbage collections after a line on standard input.
GC.disable
puts "pid #{Process.pid}"
$stdout.flush
$stdin.gets
7.times { GC.start(full_mark: true, immediate_sweep: true) }
