# Allocates on lines whose comment has class and number: "# CLASS COUNT". With the argument "wait"
# it first reads a line from standard input; at the end it prints "done" and waits for another line.

module Outer
  class Token
  end
end

def in_method
  Outer::Token.new # Outer::Token 7
end

def literals(value, text)
  [ # Array 11
    "text", # String 11
    [1, 2], # Array 11
    [value], # Array 11
    { 1 => 2 }, # Hash 11
    { 1 => value }, # Hash 11
    "#{text}s", # String 11
  ]
end

def keywords(**rest)
  rest
end

def long_method
  lines = Array.new(700, "  x = nil\n")
  [2, 40, 250, 500, 701].each { |line| lines[line - 2] = "  Outer::Token.new\n" }
  eval "def long\n#{lines.join}end", nil, "long.rb"
end

long_method
$stdout.sync = true
if ARGV[0] == "wait"
  puts "waiting"
  $stdin.gets
end

7.times { in_method }
11.times { literals(1, "text") } # String 11
3.times { Outer::Token.new } # Outer::Token 3
[3, 1, 2, 5, 4].sort_by do |each|
  Outer::Token.new # Outer::Token 5
  each
end
13.times { Time.now } # Time 13
Thread.new { 17.times { Outer::Token.new } }.join # Outer::Token 17
Fiber.new { 19.times { Outer::Token.new } }.resume # Outer::Token 19
23.times { keywords(a: 1) } # Hash 23
29.times { long }
503.times { eval "Outer::Token.new", nil, "page.erb", 77 }
31.times { Outer::Token
  .allocate } # Outer::Token 31

puts "done"
$stdin.gets if ARGV[0] == "wait"
