/** Runs known garbage collections after a line on standard input. */
public final class Gc {
    public static void main(String[] args) throws Exception {
        System.out.println("pid " + ProcessHandle.current().pid());
        System.in.read();
        for (int i = 0; i < 7; i++) System.gc();
    }
}
