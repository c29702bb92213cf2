import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

public class Receiver {
    static final long TOLERANCE_SECONDS = 300;
    static final String[] SECRETS = System.getenv("HOOK_SECRET").split(" "); // one, or both while they are changed
    static final Set<String> TAKEN = ConcurrentHashMap.newKeySet(); // in earnest: a table with a unique column

    /** Checks a request by Standard Webhooks; body is the request's, byte for byte. Returns what is wrong, or null. */
    static String problem(Headers headers, byte[] body) throws GeneralSecurityException {
        String id = headers.getFirst("webhook-id");
        String timestamp = headers.getFirst("webhook-timestamp");
        String given = headers.getFirst("webhook-signature");
        if (id == null || timestamp == null || given == null) {
            return "a header is missing: webhook-id, webhook-timestamp or webhook-signature";
        }
        if (!timestamp.matches("[0-9]{1,15}")) {
            return "webhook-timestamp is no number of seconds";
        }
        for (String secret : SECRETS) {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(Base64.getDecoder().decode(secret.replaceFirst("^whsec_", "")), "HmacSHA256"));
            mac.update((id + "." + timestamp + ".").getBytes(StandardCharsets.UTF_8));
            byte[] expected = ("v1," + Base64.getEncoder().encodeToString(mac.doFinal(body))).getBytes();
            for (String signature : given.split(" ")) {
                if (MessageDigest.isEqual(expected, signature.getBytes())) { // takes as long wherever they differ
                    long age = System.currentTimeMillis() / 1000 - Long.parseLong(timestamp);
                    return Math.abs(age) <= TOLERANCE_SECONDS
                            ? null
                            : "signed " + age + " seconds ago: a clock is wrong, or an old request is sent again";
                }
            }
        }
        return "the secret is another one, or the body was altered on its way";
    }

    static void receive(HttpExchange exchange) throws IOException {
        byte[] body = exchange.getRequestBody().readAllBytes();
        int status = 200;
        String answer = "ok";
        try {
            String problem = problem(exchange.getRequestHeaders(), body);
            if (problem != null) {
                status = 401;
                answer = problem;
            } else if (TAKEN.add(exchange.getRequestHeaders().getFirst("webhook-id"))) {
                take(new String(body, StandardCharsets.UTF_8));
            }
        } catch (GeneralSecurityException error) {
            status = 500;
            answer = "the signature could not be checked";
        }
        byte[] bytes = (answer + "\n").getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    static void take(String event) {
        // in earnest: a JSON library, for which Java has no standard one
        Matcher found = Pattern.compile("\"action\":\"(\\w+)\".*\"workflow_id\":\"([^\"]*)\"").matcher(event);
        if (event.startsWith("{\"event\":\"workflow\"") && found.find()) {
            System.out.println(found.group(2) + " " + found.group(1));
        }
    }

    public static void main(String[] arguments) throws IOException {
        int port = Integer.parseInt(System.getenv().getOrDefault("PORT", "8000"));
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
        server.createContext("/", Receiver::receive);
        server.start();
    }
}
