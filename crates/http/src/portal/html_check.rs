//! A strict reader of our own pages: tags must nest, attributes be quoted, ids be unique, fields have labels, and forms
//! their proof. Stricter than a browser, which mends everything.

use std::collections::BTreeSet;

/// Elements without an end.
const VOID: [&str; 6] = ["meta", "link", "input", "br", "hr", "img"];

/// An element with what is in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) children: Vec<Element>,
    /// The text directly in it, decoded.
    pub(crate) text: String,
}

impl Element {
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find_map(|(key, value)| (key == name).then_some(value.as_str()))
    }

    /// Every element below with this name, in the page's order.
    pub(crate) fn all<'a>(&'a self, name: &str) -> Vec<&'a Element> {
        self.below().into_iter().filter(|element| element.name == name).collect()
    }

    /// Every element below.
    pub(crate) fn below(&self) -> Vec<&Element> {
        let mut below = Vec::new();
        for child in &self.children {
            below.push(child);
            below.extend(child.below());
        }
        below
    }

    /// All text in it.
    pub(crate) fn whole_text(&self) -> String {
        self.text_without(&[])
    }

    /// All text in it but what is in elements with these names.
    pub(crate) fn text_without(&self, names: &[&str]) -> String {
        let children = self.children.iter().filter(|child| !names.contains(&child.name.as_str()));
        children.fold(self.text.clone(), |text, child| text + " " + &child.text_without(names))
    }
}

/// Reads a page.
pub(crate) fn parse(page: &str) -> Result<Element, String> {
    let mut rest = page.strip_prefix("<!doctype html>").ok_or("no doctype")?;
    let mut open = vec![Element::default()];
    while !rest.is_empty() {
        let at = rest.find('<').unwrap_or(rest.len());
        let text = decoded(&rest[..at])?;
        open.last_mut().unwrap().text.push_str(&text);
        rest = &rest[at..];
        if rest.is_empty() {
            break;
        }
        let end = tag_end(rest).ok_or_else(|| format!("a tag without an end: {rest:.60}"))?;
        let tag = &rest[1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            let closed = open.pop().filter(|element| element.name == name && !open.is_empty());
            let closed = closed.ok_or_else(|| format!("</{name}> closes another element"))?;
            open.last_mut().unwrap().children.push(closed);
            continue;
        }
        let element = element(tag)?;
        if VOID.contains(&element.name.as_str()) {
            open.last_mut().unwrap().children.push(element);
        } else {
            open.push(element);
        }
    }
    match (open.pop(), open.pop()) {
        (Some(root), None) => Ok(root),
        (Some(left), _) => Err(format!("<{}> is never closed", left.name)),
        (None, _) => Err("nothing is left".into()),
    }
}

/// Where the tag at the beginning ends, outside of quotes.
fn tag_end(rest: &str) -> Option<usize> {
    let mut quoted = false;
    rest.char_indices().find_map(|(at, c)| {
        quoted ^= c == '"';
        (c == '>' && !quoted).then_some(at)
    })
}

fn element(tag: &str) -> Result<Element, String> {
    let at = tag.find(char::is_whitespace).unwrap_or(tag.len());
    let name = tag[..at].to_owned();
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()) {
        return Err(format!("no name of an element: {name}"));
    }
    let (mut attributes, mut rest) = (Vec::new(), tag[at..].trim());
    while !rest.is_empty() {
        let (key, after) = rest.split_once("=\"").ok_or_else(|| format!("not quoted: <{tag}>"))?;
        let (value, after) = after.split_once('"').ok_or_else(|| format!("not closed: <{tag}>"))?;
        let well = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if key.is_empty() || !key.chars().all(well) || attributes.iter().any(|(other, _)| other == key) {
            return Err(format!("attribute {key:?}: <{tag}>"));
        }
        attributes.push((key.to_owned(), decoded(value)?));
        rest = after.trim_start();
    }
    Ok(Element { name, attributes, ..Element::default() })
}

fn decoded(text: &str) -> Result<String, String> {
    let mut parts = text.split('&');
    let mut decoded = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (entity, rest) = part.split_once(';').ok_or_else(|| format!("a bare &: {text}"))?;
        let number = entity.strip_prefix('#').and_then(|number| number.parse().ok());
        let c = match entity {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            _ => number.and_then(char::from_u32).ok_or_else(|| format!("&{entity};"))?,
        };
        decoded.push(c);
        decoded.push_str(rest);
    }
    Ok(decoded)
}

/// Every fault of a page.
pub(crate) fn faults(page: &str) -> Vec<String> {
    let root = match parse(page) {
        Ok(root) => root,
        Err(problem) => return vec![problem],
    };
    let below = root.below();
    let mut faults = Vec::new();
    let mut ids = BTreeSet::new();
    for id in below.iter().filter_map(|element| element.attribute("id")) {
        if !ids.insert(id) {
            faults.push(format!("the id {id} twice"));
        }
    }
    let refers = ["for", "aria-describedby", "aria-labelledby"];
    for element in &below {
        for name in refers {
            for id in element.attribute(name).unwrap_or_default().split_whitespace() {
                if !ids.contains(id) {
                    faults.push(format!("{name} names no {id}"));
                }
            }
        }
        for (name, value) in &element.attributes {
            let loads = ["src", "href", "action"].contains(&name.as_str());
            let ours = value.starts_with('/') && !value.starts_with("//");
            if loads
                && !ours
                && !value.starts_with('#')
                && value != "data:,"
                && !value.starts_with("otpauth:")
            {
                faults.push(format!("{name}={value} is not ours"));
            }
            if name == "style" || name.starts_with("on") {
                faults.push(format!("{name} is refused by the policy"));
            }
        }
    }
    let labels: BTreeSet<_> = root.all("label").iter().filter_map(|label| label.attribute("for")).collect();
    for name in ["input", "select", "textarea"] {
        for field in root.all(name) {
            let hidden = field.attribute("type") == Some("hidden");
            let labelled = field.attribute("id").is_some_and(|id| labels.contains(id));
            if !hidden && !labelled && field.attribute("aria-label").is_none() {
                faults.push(format!("a {name} without a label: {:?}", field.attributes));
            }
        }
    }
    for form in root.all("form") {
        let proves = form.all("input").iter().any(|input| input.attribute("name") == Some("proof"));
        if form.attribute("method") == Some("post") && !proves {
            faults.push(format!("a form without a proof: {:?}", form.attributes));
        }
    }
    for named in root.all("button").into_iter().chain(root.all("a")) {
        if named.whole_text().trim().is_empty() && named.attribute("aria-label").is_none() {
            faults.push(format!("a {} without words: {:?}", named.name, named.attributes));
        }
    }
    if root.all("h1").len() != 1 {
        faults.push(format!("{} headings of the first level", root.all("h1").len()));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(body: &str) -> Vec<String> {
        faults(&format!("<!doctype html><html><body><h1>x</h1>{body}</body></html>"))
    }

    #[test]
    fn faults_are_found() {
        assert_eq!(found("<p id=\"a\">1 &lt; 2</p><br>"), [] as [&str; 0]);
        for broken in [
            "<p>",
            "</p>",
            "<p><b></p></b>",
            "<p class=x></p>",
            "<p id=\"a\"></p><p id=\"a\"></p>",
            "<label for=\"a\">x</label>",
            "<input name=\"a\" type=\"text\">",
            "<form method=\"post\"></form>",
            "<p style=\"color:red\"></p>",
            "<a href=\"https://x.example/\">x</a>",
            "<button></button>",
            "a & b",
            "<h1>y</h1>",
        ] {
            assert_eq!(found(broken).len(), 1, "{broken}");
        }
    }
}
