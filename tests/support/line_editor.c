// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Reads lines as a shell does (terminal.ts), with the line editor of a library: readline() of libreadline, or, built
 * with -DLIBEDIT, el_gets() of libedit. It declares the functions itself: no header need be installed.
 */
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifdef LIBEDIT
#define EL_PROMPT 0

typedef struct editline EditLine;
EditLine *el_init(const char *program, FILE *input, FILE *output, FILE *error);
int el_set(EditLine *editor, int what, ...);
const char *el_gets(EditLine *editor, int *length);

static char *prompt(EditLine *editor)
{
	(void)editor;
	return "typing> ";
}

static const char *next_line(void)
{
	static EditLine *editor;
	int length;

	if (!editor) {
		editor = el_init("line_editor", stdin, stdout, stderr);
		el_set(editor, EL_PROMPT, prompt);
	}
	return el_gets(editor, &length);
}
#else
char *readline(const char *prompt);

static const char *next_line(void)
{
	return readline("typing> ");
}
#endif

int main(void)
{
	const char *line;

	setlocale(LC_CTYPE, "C.UTF-8"); /* libedit drops bytes that are not valid in the locale's encoding */
	while ((line = next_line()) && strncmp(line, "exit", 4)) {
		if (!strncmp(line, "echo pid", 8)) {
			printf("pid %d\n", getpid());
			fflush(stdout);
		}
	}
	return line ? 0 : 1;
}
