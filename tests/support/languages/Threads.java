/** Starts known threads after a line on standard input. */
public final class Threads {
    public static void main(String[] args) throws Exception {
        System.out.println("pid " + ProcessHandle.current().pid());
        System.in.read();
        for (int i = 0; i < 7; i++) {
            Thread thread = new Thread(() -> {}, "worker-" + i);
            thread.start();
            thread.join();
        }
    }
}
