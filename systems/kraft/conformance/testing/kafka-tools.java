/*
 * Runs Apache Kafka's own tools one after another in one Java machine: each alone would need seconds to start.
 *
 *     java -cp 'jars/*' kafka-tools.java
 *
 * Reads one command a line: the class, its parameters and, after an empty one, the lines of its standard input, all
 * apart by tabs. Answers with what the tool printed, and a line of U+0004 and the exit code. The tools are unmodified;
 * only that they end the machine is taken from them. Needs a JDK: Java compiles this file when it starts it.
 */
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.apache.kafka.common.utils.Exit;

public class KafkaTools {
    private static final PrintStream NOWHERE = new PrintStream(OutputStream.nullOutputStream());

    /** What a tool gets instead of the end of the machine. */
    private static final class Ended extends RuntimeException {
        private Ended() {
            super(null, null, false, false);
        }
    }

    /** Of the first end: some tools take it for a failure of their own, and end a second time. */
    private static Integer exitCode;

    public static void main(String[] ignored) throws Exception {
        BufferedReader commands =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        Exit.Procedure end = (code, message) -> {
            if (exitCode == null) exitCode = code;
            System.out.flush();
            System.setOut(NOWHERE);
            System.setErr(NOWHERE);
            throw new Ended();
        };
        Exit.setExitProcedure(end);
        Exit.setHaltProcedure(end);
        PrintStream err = System.err;
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            List<String> words = Arrays.asList(line.split("\t", -1));
            int blank = words.indexOf("");
            List<String> command = blank < 0 ? words : words.subList(0, blank);
            String input = blank < 0 ? "" : String.join("\n", words.subList(blank + 1, words.size())) + "\n";
            System.setOut(out);
            System.setErr(err);
            exitCode = null;
            int code = run(command.get(0), command.subList(1, command.size()), input);
            System.out.flush();
            out.println("\u0004" + (exitCode == null ? code : exitCode));
        }
    }

    private static int run(String className, List<String> parameters, String input) throws Exception {
        System.setIn(new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)));
        try {
            Class.forName(className)
                .getMethod("main", String[].class)
                .invoke(null, (Object) parameters.toArray(new String[0]));
            return 0;
        } catch (InvocationTargetException thrown) {
            System.out.println(thrown.getCause());
            return 1;
        }
    }
}
