/** Prints its pid; for each line, a number of milliseconds, it computes that long and prints "done". */
public class Hot {
    static long inner(long n) {
        long sum = 0;
        for (long i = 0; i < n; i++) sum += i * i ^ sum;
        return sum;
    }

    static long outer(long n) {
        return inner(n) + inner(n / 2);
    }

    public static void main(String[] args) throws Exception {
        System.out.println("pid " + ProcessHandle.current().pid());
        var lines = new java.io.BufferedReader(new java.io.InputStreamReader(System.in));
        long sum = 0;
        for (String line; (line = lines.readLine()) != null;) {
            long end = System.currentTimeMillis() + Long.parseLong(line);
            while (System.currentTimeMillis() < end) sum += outer(100_000);
            System.out.println("done " + sum % 2);
        }
    }
}
