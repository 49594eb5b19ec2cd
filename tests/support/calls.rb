# Ruby call stacks that end in getppid(2), which nothing else here calls: through C and back, in blocks,
# a class, a thread and a fiber, and with unusual names.
#
# It prints its pid, and goes on when it reads a line.

def inner
  Process.ppid
end

class Some
  def method(left)
    return method(left - 1) if left > 0

    inner
  end

  def self.größe
    [1].each do |_|
      inner
    end
  end
end

puts "pid #{Process.pid}"
STDOUT.flush
STDIN.gets
2.times do
  Some.new.method(2)
end
3.times { Some.größe }
5.times { [2, 1].sort { |a, b| inner; a <=> b } }
7.times { eval("\n\n\ninner") }
11.times { Thread.new { inner }.join }
13.times { Fiber.new { inner }.resume }
