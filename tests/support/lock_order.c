/*
 * Locks mutexes in known orders, one thread after the other, so that no thread ever blocks.
 *
 * It prints "pid PID", waits for a line on stdin, and runs a thread to its end for each argument:
 *
 *   forward     takes `first` and then `second`
 *   backward    takes `second` and then `first`
 *   third       takes `second` and then `third`
 *   back        takes `third` and then `first`
 *   released    takes `second`, unlocks it, and takes `first`
 *   crossed     takes `first` and `second`, unlocks `first` before `second`, and takes `first` again
 *   recursive   takes `again` twice, unlocks it once, takes the others, and again after it
 *   own         as forward, with lock functions of this program
 *   own_back    as backward, with lock functions of this program
 *   await       starts no thread: waits for another line
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))
#define NO_TAIL_CALL __asm__ volatile("")

pthread_mutex_t first = PTHREAD_MUTEX_INITIALIZER;
pthread_mutex_t second = PTHREAD_MUTEX_INITIALIZER;
pthread_mutex_t third = PTHREAD_MUTEX_INITIALIZER;
pthread_mutex_t again = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

NOINLINE void own_lock(pthread_mutex_t *mutex)
{
	__asm__ volatile("" ::"r"(mutex) : "memory");
}

NOINLINE void own_unlock(pthread_mutex_t *mutex)
{
	__asm__ volatile("" ::"r"(mutex) : "memory");
	NO_TAIL_CALL;
}

NOINLINE void take(pthread_mutex_t *outer, pthread_mutex_t *inner)
{
	pthread_mutex_lock(outer);
	pthread_mutex_lock(inner);
	pthread_mutex_unlock(inner);
	pthread_mutex_unlock(outer);
	NO_TAIL_CALL;
}

NOINLINE void take_own(pthread_mutex_t *outer, pthread_mutex_t *inner)
{
	own_lock(outer);
	own_lock(inner);
	own_unlock(inner);
	own_unlock(outer);
	NO_TAIL_CALL;
}

NOINLINE void take_released(void)
{
	pthread_mutex_lock(&second);
	pthread_mutex_unlock(&second);
	pthread_mutex_lock(&first);
	pthread_mutex_unlock(&first);
	NO_TAIL_CALL;
}

NOINLINE void take_crossed(void)
{
	pthread_mutex_lock(&first);
	pthread_mutex_lock(&second);
	pthread_mutex_unlock(&first);
	pthread_mutex_unlock(&second);
	pthread_mutex_lock(&first);
	pthread_mutex_unlock(&first);
	NO_TAIL_CALL;
}

NOINLINE void take_recursive(void)
{
	pthread_mutex_lock(&again);
	pthread_mutex_lock(&again);
	pthread_mutex_unlock(&again);
	take(&first, &second);
	pthread_mutex_unlock(&again);
	take(&first, &second);
	NO_TAIL_CALL;
}

NOINLINE void *run(void *word)
{
	pthread_setname_np(pthread_self(), word);
	if (!strcmp(word, "forward"))
		take(&first, &second);
	else if (!strcmp(word, "backward"))
		take(&second, &first);
	else if (!strcmp(word, "third"))
		take(&second, &third);
	else if (!strcmp(word, "back"))
		take(&third, &first);
	else if (!strcmp(word, "released"))
		take_released();
	else if (!strcmp(word, "crossed"))
		take_crossed();
	else if (!strcmp(word, "recursive"))
		take_recursive();
	else if (!strcmp(word, "own"))
		take_own(&first, &second);
	else if (!strcmp(word, "own_back"))
		take_own(&second, &first);
	NO_TAIL_CALL;
	return NULL;
}

static void await_line(void)
{
	char c;

	while (read(0, &c, 1) == 1 && c != '\n')
		;
}

int main(int argc, char **argv)
{
	printf("pid %d\n", getpid());
	fflush(stdout);
	await_line();
	for (int i = 1; i < argc; i++) {
		pthread_t thread;

		if (!strcmp(argv[i], "await")) {
			await_line();
			continue;
		}
		pthread_create(&thread, NULL, run, argv[i]);
		pthread_join(thread, NULL);
	}
	return 0;
}
