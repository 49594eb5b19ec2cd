/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A library of the size of LLVM's: 150,000 functions with symbols, frame pointers and call frame information. Each calls
 * the next one of a list, to which rdi points.
 */
	.altmacro
	.macro method number
	.globl _ZN4many5Class13method_&number&Ev
	.type _ZN4many5Class13method_&number&Ev, @function
_ZN4many5Class13method_&number&Ev:
	.cfi_startproc
	push %rbp
	.cfi_def_cfa_offset 16
	.cfi_offset %rbp, -16
	mov %rsp, %rbp
	.cfi_def_cfa_register %rbp
	lea 8(%rdi), %rdi
	call *-8(%rdi)
	pop %rbp
	.cfi_def_cfa %rsp, 8
	ret
	.cfi_endproc
	.skip 720 - (. - _ZN4many5Class13method_&number&Ev), 0x90
	.size _ZN4many5Class13method_&number&Ev, 720
	.endm

	.text
	.set number, 100000
	.rept 150000
	method %number
	.set number, number + 1
	.endr
	.section .note.GNU-stack, "", @progbits
