/** Makes known numbers of calls after a line on standard input. */
public final class Calls {
    static final class Shop {
        int buy(int n) {
            return n + 1;
        }
    }

    static int deep(int n) {
        return n > 1 ? deep(n - 1) : 0;
    }

    static int plain(int n) {
        return n;
    }

    public static void main(String[] args) throws Exception {
        System.out.println("pid " + ProcessHandle.current().pid());
        System.in.read();
        for (int i = 0; i < 97; i++) plain(i);
        Shop shop = new Shop();
        for (int i = 0; i < 13; i++) shop.buy(i);
        deep(5);
    }
}
