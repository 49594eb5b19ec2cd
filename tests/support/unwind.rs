// Calls getppid(2) below unusual Rust frames: in destructors that run during a panic, in closures, in threads.
//
// It prints its pid and goes on when it reads a line. Build with -O: without frame pointers.
use std::panic;
use std::ptr::read_volatile;

extern "C" {
    fn getppid() -> i32;
}

/// Hides a value from the optimizer, as std::hint::black_box does, which Debian 12's rustc 1.63 does not have.
#[inline(always)]
fn black_box<T: Copy>(value: T) -> T {
    unsafe { read_volatile(&value) }
}

#[no_mangle]
#[inline(never)]
extern "C" fn the_call() {
    black_box(unsafe { getppid() });
}

#[no_mangle]
#[inline(never)]
fn link_of_chain(left: u32) -> u32 {
    if left > 1 {
        black_box(link_of_chain(left - 1)) + 1
    } else {
        the_call();
        black_box(1)
    }
}

struct Guard;

#[no_mangle]
#[inline(never)]
fn in_destructor() {
    the_call();
    black_box(0);
}

impl Drop for Guard {
    fn drop(&mut self) {
        in_destructor();
    }
}

#[no_mangle]
#[inline(never)]
fn panics(depth: u32) -> u32 {
    let _guard = Guard;
    if depth == 0 {
        panic!("as planned");
    }
    black_box(panics(depth - 1)) + 1
}

#[no_mangle]
#[inline(never)]
fn calls(each: &dyn Fn(u32)) {
    each(black_box(1));
    black_box(0);
}

fn main() {
    panic::set_hook(Box::new(|_| {}));
    println!("pid {}", std::process::id());
    std::io::stdin().read_line(&mut String::new()).unwrap();
    link_of_chain(50);
    calls(&|n| {
        link_of_chain(n);
    });
    assert!(panic::catch_unwind(|| panics(2)).is_err());
    std::thread::spawn(|| link_of_chain(2)).join().unwrap();
}
