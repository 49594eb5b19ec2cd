/** Allocates known numbers of objects after a line on standard input. */
public final class Objects {
    static final class Shop {
        long first;
        long second;
    }

    public static void main(String[] args) throws Exception {
        System.out.println("pid " + ProcessHandle.current().pid());
        System.in.read();
        for (int i = 0; i < 97; i++) new Shop();
        for (int i = 0; i < 13; i++) new Shop[8].clone();
    }
}
