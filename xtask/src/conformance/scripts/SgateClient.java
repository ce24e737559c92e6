// A client of SGate's API: signs as its sample in Java does, by `URLEncoder`, and the address alone. See sgate.py.

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

public class SgateClient {
    public static void main(String[] args) throws Exception {
        HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            answer(http, line);
        }
        // The client's own threads are not waited for.
        System.exit(0);
    }

    private static void answer(HttpClient http, String line) throws Exception {
        String[] given = line.split("\t", -1);
        String base = given[0], key = given[1], secret = given[2], verb = given[3], path = given[4];
        String timestamp = Long.toString(System.currentTimeMillis() / 1000);
        Map<String, String> signed = new TreeMap<>(Map.of(
                "uri", URLEncoder.encode(path, StandardCharsets.UTF_8), "key", key, "timestamp", timestamp,
                "signMethod", "HmacSHA256", "signVersion", "1", "method", given[5]));
        String text = signed.entrySet().stream().map(pair -> pair.getKey() + "=" + pair.getValue())
                .collect(Collectors.joining("&"));
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
        String signature = Base64.getEncoder().encodeToString(mac.doFinal(text.getBytes(StandardCharsets.UTF_8)));
        HttpRequest.BodyPublisher body = given[6].isEmpty() ? HttpRequest.BodyPublishers.noBody()
                : HttpRequest.BodyPublishers.ofString(given[6]);
        HttpRequest request = HttpRequest.newBuilder(URI.create(base + path)).method(verb, body)
                .timeout(Duration.ofSeconds(120)).header("x-auth-signature", signature).header("x-auth-key", key)
                .header("x-auth-timestamp", timestamp).header("x-auth-sign-method", "HmacSHA256")
                .header("x-auth-sign-version", "1").header("content-type", "application/json").build();
        HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
        System.out.println(answer.statusCode() + "\t" + answer.body());
    }
}
