use axum::body::Body;
use axum::http::Request;

use super::*;
use crate::testing::Harness;

#[tokio::test]
async fn every_operation_and_every_object_stands_on_the_page() {
    let harness = Harness::new().await;
    for (page, description) in [
        ("/docs", "/v1/openapi.json"),
        ("/docs/api", "/v1/openapi.json"),
        ("/docs/api/portone", "/docs/openapi/portone.json"),
        ("/docs/api/sgate", "/docs/openapi/sgate.json"),
    ] {
        let get = |path: &str| Request::get(path).body(Body::empty()).unwrap();
        let (answer, document) = (harness.send(get(page)).await, harness.send(get(description)).await.json());
        assert!(answer.text().contains(&format!("href=\"{description}\"")), "{page}");
        let title = format!("<title>{} – reference</title>", text(&document["info"]["title"]));
        assert!(answer.text().replace("&#39;", "'").contains(&title), "{page}: {title}");
        for (path, methods) in entries(&document["paths"]) {
            for (method, operation) in entries(methods) {
                let shown = format!("<code>{} {path}</code>", method.to_uppercase());
                assert!(answer.text().contains(&shown), "{shown}");
                for named in ["summary", "operationId"] {
                    assert!(!text(&operation[named]).is_empty(), "{method} {path}: {named}");
                }
                assert!(!text(&operation["tags"][0]).is_empty(), "{method} {path}: tags");
                let shown = answer.text().replace("&#34;", "\"").replace("&#39;", "'");
                let has_body = operation["requestBody"].is_object();
                let examples = examples(&document, operation);
                assert_eq!(examples.is_empty(), !has_body, "{method} {path}");
                for example in examples {
                    let ends = [format!("<pre>{example}</pre>"), format!("{}</pre>", quoted(&example))];
                    assert!(ends.iter().any(|end| shown.contains(end)), "{method} {path}: {example}");
                }
            }
        }
        for (name, _) in entries(&document["components"]["schemas"]) {
            assert!(answer.text().contains(&format!("id=\"schema-{name}\"")), "{name}");
        }
        let answers = entries(&document["paths"])
            .flat_map(|(_, methods)| entries(methods))
            .flat_map(|(_, operation)| entries(&operation["responses"]));
        for (name, _) in answers.flat_map(|(_, answer)| entries(&answer["headers"])) {
            assert!(answer.text().contains(&format!("<code>{name}</code>")), "{page}: {name}");
        }
        for (name, header) in entries(&document["components"]["headers"]) {
            let row = format!("<tr id=\"header-{name}\"><td><code>{name}</code></td>");
            assert!(answer.text().contains(&row) && !text(&header["description"]).is_empty(), "{name}");
        }
        for (_, scheme) in entries(&document["components"]["securitySchemes"]) {
            let header = scheme["name"].as_str().unwrap_or("Authorization");
            assert!(answer.text().contains(&format!("<code>{header}</code>")), "{page}: {header}");
        }
        // An address may stand in an example, as text; a browser fetches what stands in an attribute.
        let fetched =
            ["=\"http", "=\"//", "url(", "<script"].iter().find(|one| answer.text().contains(**one));
        assert_eq!(fetched, None, "{page}: nothing from elsewhere");
    }
}

#[tokio::test]
async fn what_needs_no_credentials_says_so() {
    let request = Request::get("/docs/api/portone").body(Body::empty()).unwrap();
    let answer = Harness::new().await.send(request).await;
    let open = "<code>POST /api/merchant/auth-token</code> (public)";
    assert_eq!((answer.text().matches(open).count(), answer.text().matches("(public)").count()), (1, 1));
}

/// What people copy into a terminal: the reference's own address, a key, and a body that is taken.
#[tokio::test]
async fn an_operation_is_shown_as_a_command_line() {
    let request = Request::get("/docs/api").body(Body::empty()).unwrap();
    let page = Harness::new().await.send(request).await.text().replace("&#34;", "\"").replace("&#39;", "'");
    for line in [
        "<pre>curl \"$BASE/v1/payments/order-3/refunds\" -H \"Authorization: Bearer $API_KEY\" \\\n  \
         -H \"Idempotency-Key: $(openssl rand -hex 16)\" \\\n  -d '{\n  \"amount\": 2500,",
        "<pre>curl \"$BASE/v1/events\" -H \"Authorization: Bearer $API_KEY\"</pre>",
        "<pre>curl -X PATCH \"$BASE/v1/endpoints/",
        "<pre>curl -X DELETE \"$BASE/v1/endpoints/",
        "--data-binary '",
    ] {
        assert!(page.contains(line), "{line}");
    }
    assert!(!page.contains("$BASE/v1/payments/{"), "every address can be asked for as it stands");
    let lines: Vec<_> =
        page.split("<pre>curl ").skip(1).map(|rest| rest.split("</pre>").next().unwrap()).collect();
    for line in &lines {
        // Within a word that is quoted, this is how a quote is written.
        assert_eq!(line.replace(r"'\''", "").matches('\'').count() % 2, 0, "a shell waits for more: {line}");
    }
    assert!(lines.iter().any(|line| line.contains(r"provider'\''s")), "an example has a quote in it");
}

#[tokio::test]
async fn the_page_says_what_a_request_must_have_and_how_much_it_may() {
    let request = Request::get("/docs/api").body(Body::empty()).unwrap();
    let page = Harness::new().await.send(request).await.text().to_owned();
    let object = |name: &str| {
        let begin = page.find(&format!("id=\"schema-{name}\"")).unwrap();
        page[begin..].split("</section>").next().unwrap().to_owned()
    };
    let (new, refund) = (object("NewPayment"), object("NewRefund"));
    assert!(
        new.contains("<td><code>order_ref</code></td><td>string, 1 to 255 characters, required</td>"),
        "{new}"
    );
    assert!(
        refund.contains("<td><code>metadata</code></td><td>object or null, at most 50 keys</td>"),
        "{refund}"
    );
    assert!(refund.contains("<td><code>amount</code></td><td>integer, at least 1</td>"), "{refund}");
    assert!(!object("Refund").contains(", required"), "an answer has what it has");
    let made = object("EndpointWithSecret");
    assert!(made.contains("<p>All that Endpoint has, and:</p>"), "{made}");
    assert!(made.contains("<td><code>secret</code></td><td>string</td>"), "{made}");
    assert!(object("Page_Endpoint").contains("<td><code>data</code></td><td>array of Endpoint</td>"));
    assert!(object("Refund").contains("<pre>{\n  &#34;amount&#34;: &#34;25.00&#34;,"), "and is shown");
    assert!(!refund.contains("<pre>"), "a request is shown where it is sent");
    let places =
        ["<h2>Refunds</h2>", "<h2>Payments</h2>", "<h2>Connectors</h2>"].map(|of| page.find(of).unwrap());
    assert!(places.is_sorted(), "what most come for is first: {places:?}");
}

#[test]
fn types_are_told_in_a_few_words() {
    for (schema, told) in [
        (r#"{"type": "integer"}"#, "integer"),
        (r#"{"type": ["string", "null"]}"#, "string or null"),
        (r##"{"type": "array", "items": {"$ref": "#/components/schemas/Method"}}"##, "array of Method"),
        (r##"{"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Failure"}]}"##, "null or Failure"),
        (r#"{"type": "string", "enum": ["full", ""]}"#, "“full” or “”"),
        ("{}", ""),
    ] {
        assert_eq!(kind(&serde_json::from_str(schema).unwrap()), told);
    }
}
