# Allocates objects: allocate.rb TOKENS STRINGS ARRAYS [wait]. With "wait" it first reads a line from
# standard input. When it has allocated them it prints "done" and waits for another line.

module Outer
  class Token
  end
end

tokens, strings, arrays = ARGV.first(3).map(&:to_i)
$stdout.sync = true

if ARGV[3] == "wait"
  puts "waiting"
  $stdin.gets
end

i = 0
while i < tokens
  Outer::Token.new
  i += 1
end
i = 0
while i < strings
  string = "abc"
  i += 1
end
i = 0
while i < arrays
  array = [i]
  i += 1
end

puts "done"
$stdin.gets if ARGV[3] == "wait"
