// Calls getppid(2) from known depths, on goroutines too: DEPTH… as arguments, after a line on standard input.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"syscall"
)

var sum int

//go:noinline
func link(depth int) int {
	if depth == 0 {
		sum += syscall.Getppid()
		return sum
	}
	return link(depth-1) + 1
}

type caller struct{ name string }

//go:noinline
func (c *caller) call(depth int) int { return link(depth) + len(c.name) }

//go:noinline
func inGoroutine(depth int, done chan int) { done <- link(depth) }

func main() {
	fmt.Println("pid", os.Getpid())
	bufio.NewReader(os.Stdin).ReadString('\n')
	c := &caller{"caller"}
	done := make(chan int)
	for _, argument := range os.Args[1:] {
		depth, _ := strconv.Atoi(argument)
		c.call(depth)
		go inGoroutine(depth, done)
		<-done
	}
}
