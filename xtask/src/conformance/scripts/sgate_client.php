<?php
// A client of SGate's API: signs as its sample in PHP does, by `http_build_query`. See sgate.py.
while (($line = fgets(STDIN)) !== false) {
    [$base, $key, $secret, $verb, $path, $operation, $body] = explode("\t", rtrim($line, "\n"));
    $signed = [
        "uri" => $path, "key" => $key, "timestamp" => (string) time(), "signMethod" => "HmacSHA256",
        "signVersion" => "1", "method" => $operation,
    ];
    ksort($signed);
    $signature = base64_encode(hash_hmac("sha256", http_build_query($signed), $secret, true));
    $headers = [
        "x-auth-signature: $signature", "x-auth-key: $key", "x-auth-timestamp: {$signed['timestamp']}",
        "x-auth-sign-method: HmacSHA256", "x-auth-sign-version: 1", "content-type: application/json",
    ];
    $options = ["method" => $verb, "header" => $headers, "ignore_errors" => true, "timeout" => 120];
    if ($body !== "") {
        $options["content"] = $body;
    }
    $answer = file_get_contents($base . $path, false, stream_context_create(["http" => $options]));
    preg_match('/ (\d{3})/', $http_response_header[0], $status);
    echo $status[1], "\t", $answer, "\n";
}
