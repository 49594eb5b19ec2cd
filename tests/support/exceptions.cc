// Calls getppid(2) below unusual C++ frames: in destructors during unwinding, in exception handlers, in
// callbacks from libraries, in coroutines with stacks of their own, in many threads.
//
// It prints its pid and goes on when it reads a line. Build with -O2 -fomit-frame-pointer.
#include <algorithm>
#include <cstdio>
#include <functional>
#include <stdexcept>
#include <thread>
#include <ucontext.h>
#include <unistd.h>
#include <vector>

volatile int sink;

extern "C" __attribute__((noinline)) void the_call()
{
	sink += getppid();
}

struct Guard {
	__attribute__((noinline)) ~Guard()
	{
		the_call();
		sink++;
	}
};

extern "C" __attribute__((noinline)) void thrower(int depth)
{
	Guard guard;

	if (depth == 0)
		throw std::runtime_error("as planned");
	thrower(depth - 1);
	sink++;
}

extern "C" __attribute__((noinline)) void catcher()
{
	try {
		thrower(2);
	} catch (const std::exception &error) {
		the_call();
		sink += error.what()[0];
	}
}

extern "C" __attribute__((noinline)) void rethrower()
{
	try {
		try {
			throw 1;
		} catch (int) {
			the_call();
			throw;
		}
	} catch (int) {
		the_call();
		sink++;
	}
}

struct Base {
	virtual ~Base() = default;
	virtual void visit(int depth) = 0;
};

struct Derived : Base {
	__attribute__((noinline)) void visit(int depth) override
	{
		if (depth)
			visit(depth - 1);
		else
			the_call();
		sink++;
	}
};

extern "C" __attribute__((noinline)) void visitor(Base *base)
{
	base->visit(3);
	sink++;
}

ucontext_t outside, inside;
char coroutine_stack[65536];

extern "C" __attribute__((noinline)) void coroutine()
{
	the_call();
	swapcontext(&inside, &outside);
	the_call();
	sink++;
}

extern "C" __attribute__((noinline)) void coroutines()
{
	getcontext(&inside);
	inside.uc_stack.ss_sp = coroutine_stack;
	inside.uc_stack.ss_size = sizeof(coroutine_stack);
	inside.uc_link = &outside;
	makecontext(&inside, coroutine, 0);
	swapcontext(&outside, &inside);
	the_call();
	swapcontext(&outside, &inside);
	sink++;
}

extern "C" __attribute__((noinline)) void in_thread()
{
	the_call();
	sink++;
}

extern "C" __attribute__((noinline)) void threads()
{
	std::vector<std::thread> all;

	for (int i = 0; i < 32; i++)
		all.emplace_back(in_thread);
	for (auto &thread : all)
		thread.join();
}

int main()
{
	char line[32];
	Derived derived;

	printf("pid %d\n", getpid());
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return 1;
	catcher();
	rethrower();
	visitor(&derived);
	coroutines();
	threads();
	return 0;
}
