// Reads a number from standard input and throws that many exceptions.
#include <cstdio>
#include <unistd.h>

int main()
{
	int count, caught = 0;

	std::printf("pid %d\n", getpid());
	std::fflush(stdout);
	if (std::scanf("%d", &count) != 1)
		return 1;
	for (int i = 0; i < count; i++) {
		try {
			throw i;
		} catch (int thrown) {
			caught += thrown == i;
		}
	}
	return caught == count ? 0 : 1;
}
