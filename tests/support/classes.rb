# Classes of all kinds. Prints as JSON, for an object of each class, its address and what Ruby calls
# its class. Then waits for a line, allocates an object of a class that is collected at once and 7
# of each other class, and waits for another line.

require "json"

module Outer
  class Token
  end
end

class LongEnoughToLieOutsideOfItsString
end

anonymous = Class.new
outer = Class.new { const_set(:Inner, Class.new) }
later = Class.new { @name = "Wrong" }
Later = later
with_singleton = Object.new
def with_singleton.hello = 1
extended = Outer::Token.new.extend(Comparable)
ALL = [Outer::Token, LongEnoughToLieOutsideOfItsString, anonymous, outer::Inner, Later]

def collected
  Class.new.new
  nil
end

def place(object)
  Kernel.instance_method(:to_s).bind_call(object)[/0x\h+(?=>\z)/]
end

objects = ALL.map(&:new)
places = objects.map { |object| [place(object), object.class.to_s] }
places += [with_singleton, extended].map { |each| [place(each), each.singleton_class.to_s] }
puts places.to_json
$stdout.flush

$stdin.gets
collected
10.times { Array.new(100) }
GC.start
ALL.each { |each| 7.times { each.new } }
puts "done"
$stdout.flush
$stdin.gets
