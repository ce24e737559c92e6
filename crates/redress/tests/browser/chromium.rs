//! Chromium as a person has it before them: pages, fields, keys, and a look at what stands there. What is not there yet
//! is waited for by the driver, with a bound.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use redress_torture::time::{LIMIT, until};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::webdriver::{Driver, Session};

/// `cargo xtask test` names the programs in these variables.
const DRIVER: &str = "REDRESS_TEST_CHROMEDRIVER";
const CHROMIUM: &str = "REDRESS_TEST_CHROMIUM";

/// How long something may take to stand on a page, in milliseconds: longer than a machine stands still.
const SEEN_MS_MAX: u64 = 120_000;

/// How long a page may take to load, or a script to end, in milliseconds.
const LOAD_MS_MAX: u64 = 120_000;

/// How often an element is looked for that the page replaced before anything was done with it.
const LOOKS_MAX: usize = 20;

/// What the driver says of such an element (<https://www.w3.org/TR/webdriver2/#errors>). Then nothing was done.
const REPLACED: &str = "stale element reference";

/// The member that names an element, by the protocol.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// So many keys reach everything on a page.
const TABS_MAX: usize = 80;

/// How much of a page is shown where a test fails, in characters.
const SHOWN_CHARS: usize = 1_500;

/// Keys without a character (<https://www.w3.org/TR/webdriver2/#keyboard-actions>).
pub(crate) const TAB: char = '\u{e004}';
pub(crate) const ENTER: char = '\u{e007}';
const SHIFT: char = '\u{e008}';

/// The programs, where they are; else the tests that need them are left out, and `cargo xtask test` says so.
pub(crate) struct Programs {
    driver: PathBuf,
    chromium: PathBuf,
}

impl Programs {
    /// What `cargo xtask test` found.
    pub(crate) fn given() -> Option<Self> {
        let given = |name: &str| std::env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from);
        Some(Self { driver: given(DRIVER)?, chromium: given(CHROMIUM)? })
    }
}

/// Whether scripts run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scripts {
    On,
    Off,
}

/// A browser with a profile of its own.
pub(crate) struct Browser {
    // Before the driver and the profile, so that it ends first.
    session: Session,
    _driver: Driver,
    dir: TempDir,
    base_url: String,
    steps: AtomicU32,
}

/// Something on a page.
#[derive(Clone, Debug)]
pub(crate) struct Element(String);

impl Browser {
    /// Opens one for the pages of this server.
    pub(crate) fn open(programs: &Programs, base_url: &str, scripts: Scripts) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let driver = Driver::start(&programs.driver, dir.path());
        let session = driver.open(&capabilities(&programs.chromium, dir.path(), scripts));
        Self { session, _driver: driver, dir, base_url: base_url.to_owned(), steps: AtomicU32::new(0) }
    }

    /// Goes to an address of the server.
    #[track_caller]
    pub(crate) fn go(&self, path: &str) {
        self.session.post("/url", &json!({ "url": format!("{}{path}", self.base_url) })).unwrap();
    }

    /// Where it is, after the server's address.
    #[track_caller]
    pub(crate) fn address(&self) -> String {
        let url = self.session.get("/url").unwrap();
        let url = url.as_str().unwrap();
        url.strip_prefix(&self.base_url).unwrap_or_else(|| panic!("it is at {url}")).to_owned()
    }

    /// Loads the page again.
    pub(crate) fn reload(&self) {
        self.session.post("/refresh", &json!({})).unwrap();
    }

    /// The back button.
    pub(crate) fn back(&self) {
        self.session.post("/back", &json!({})).unwrap();
    }

    /// Waits for an element, by a selector of CSS.
    #[track_caller]
    pub(crate) fn see(&self, css: &str) -> Element {
        match self.session.post("/element", &json!({ "using": "css selector", "value": css })) {
            Ok(found) => Element(found[ELEMENT].as_str().unwrap().to_owned()),
            Err(refused) => panic!("no {css}: {refused}\n{}", self.shown()),
        }
    }

    /// Waits for an element and does something with it. What a live page replaces in between is looked for anew.
    #[track_caller]
    fn on<T>(&self, css: &str, act: impl Fn(&str) -> Result<T, String>) -> T {
        match anew(|| self.see(css).0, |id| act(id)) {
            Ok(done) => done,
            Err(refused) => panic!("{css}: {refused}\n{}", self.shown()),
        }
    }

    /// Whether there is such an element now.
    #[track_caller]
    pub(crate) fn has(&self, css: &str) -> bool {
        self.script("return document.querySelector(arguments[0]) !== null", &json!([css])) == true
    }

    /// The text that is seen of an element.
    #[track_caller]
    pub(crate) fn text(&self, css: &str) -> String {
        let text = self.on(css, |id| self.session.get(&format!("/element/{id}/text")));
        text.as_str().unwrap().to_owned()
    }

    /// What stands in a field.
    #[track_caller]
    pub(crate) fn typed(&self, css: &str) -> String {
        let typed = self.on(css, |id| self.session.get(&format!("/element/{id}/property/value")));
        typed.as_str().unwrap().to_owned()
    }

    /// Types into a field, in place of what stood there.
    #[track_caller]
    pub(crate) fn fill(&self, css: &str, text: &str) {
        self.on(css, |id| {
            self.session.post(&format!("/element/{id}/clear"), &json!({}))?;
            self.session.post(&format!("/element/{id}/value"), &json!({ "text": text }))
        });
    }

    /// Names a file in a field for one.
    #[track_caller]
    pub(crate) fn attach(&self, css: &str, file: &Path) {
        let path = json!({ "text": file.to_str().unwrap() });
        self.on(css, |id| self.session.post(&format!("/element/{id}/value"), &path));
    }

    /// Chooses one of a list's values.
    #[track_caller]
    pub(crate) fn choose(&self, css: &str, value: &str) {
        self.click(&format!("{css} option[value='{value}']"));
    }

    /// Clicks; a page that comes of it is loaded then.
    #[track_caller]
    pub(crate) fn click(&self, css: &str) {
        self.on(css, |id| self.session.post(&format!("/element/{id}/click"), &json!({})));
    }

    /// Clicks what leads to another page, and waits until this one is left: what is looked for then is not found on the
    /// old page, which is about to go.
    #[track_caller]
    pub(crate) fn leave_by(&self, css: &str) {
        self.ask("document.documentElement.dataset.left = ''");
        self.click(css);
        until("the next page", LIMIT, || {
            let script = json!({ "script": "return 'left' in document.documentElement.dataset", "args": [] });
            // Between two pages there is none to ask.
            (self.session.post("/execute/sync", &script) == Ok(Value::Bool(false))).then_some(())
        });
    }

    /// Clicks what leads to the next page, and counts it.
    #[track_caller]
    pub(crate) fn step(&self, css: &str) {
        self.leave_by(css);
        self.steps.fetch_add(1, Relaxed);
    }

    /// Pages that were left by a step.
    pub(crate) fn steps(&self) -> u32 {
        self.steps.load(Relaxed)
    }

    /// Clicks twice, as fast as a hand that trembles.
    #[track_caller]
    pub(crate) fn double_click(&self, css: &str) {
        let (down, up) =
            (json!({"type": "pointerDown", "button": 0}), json!({"type": "pointerUp", "button": 0}));
        self.on(css, |id| {
            let to = json!({"type": "pointerMove", "origin": {ELEMENT: id}, "x": 0, "y": 0});
            let mouse = json!({"type": "pointer", "id": "mouse", "actions": [to, down, up, down, up]});
            self.session.post("/actions", &json!({ "actions": [mouse] }))
        });
    }

    /// Presses keys, one after the other, wherever the focus is.
    #[track_caller]
    pub(crate) fn press(&self, keys: &str) {
        let pressed = keys.chars().flat_map(|key| {
            [json!({"type": "keyDown", "value": key}), json!({"type": "keyUp", "value": key})]
        });
        self.act_by_keys(&pressed.collect::<Vec<_>>());
    }

    /// Presses Tab until an element has the focus.
    #[track_caller]
    pub(crate) fn tab_to(&self, css: &str) {
        self.see(css);
        for _ in 0..TABS_MAX {
            if self.is_focused(css) {
                return;
            }
            self.press(&TAB.to_string());
        }
        panic!("{TABS_MAX} times Tab do not reach {css}\n{}", self.shown());
    }

    /// Presses Shift and Tab.
    pub(crate) fn tab_back(&self) {
        let key = |kind: &str, key: char| json!({ "type": kind, "value": key });
        let keys = [("keyDown", SHIFT), ("keyDown", TAB), ("keyUp", TAB), ("keyUp", SHIFT)];
        self.act_by_keys(&keys.map(|(kind, of)| key(kind, of)));
    }

    fn act_by_keys(&self, actions: &[Value]) {
        let keys = json!({"type": "key", "id": "keys", "actions": actions});
        self.session.post("/actions", &json!({ "actions": [keys] })).unwrap();
    }

    /// Whether an element has the focus now.
    pub(crate) fn is_focused(&self, css: &str) -> bool {
        let script = "return document.activeElement !== null && document.activeElement.matches(arguments[0])";
        self.script(script, &json!([css])) == true
    }

    /// Runs a function's body on the page, and answers what it returns; of a promise, what becomes of it. Works where
    /// the page's own scripts are off, too.
    #[track_caller]
    pub(crate) fn script(&self, body: &str, arguments: &Value) -> Value {
        let body = json!({ "script": body, "args": arguments });
        self.session.post("/execute/sync", &body).unwrap_or_else(|refused| panic!("{refused}"))
    }

    /// The same without arguments.
    #[track_caller]
    pub(crate) fn ask(&self, body: &str) -> Value {
        self.script(body, &json!([]))
    }

    /// A command of the Chrome DevTools Protocol.
    #[track_caller]
    pub(crate) fn devtools(&self, command: &str, parameters: &Value) -> Value {
        self.session.post("/goog/cdp/execute", &json!({ "cmd": command, "params": parameters })).unwrap()
    }

    /// Waits for a downloaded file whose name ends so, and reads it.
    #[track_caller]
    pub(crate) fn downloaded(&self, end: &str) -> String {
        let dir = self.dir.path().join(DOWNLOADS);
        until("downloaded file", LIMIT, || {
            let files = std::fs::read_dir(&dir).ok()?.flatten();
            // One that is not whole yet has another ending.
            let mut whole = files.filter(|file| file.file_name().to_string_lossy().ends_with(end));
            std::fs::read_to_string(whole.next()?.path()).ok()
        })
    }

    /// What a person would see, for whoever reads why a test failed.
    fn shown(&self) -> String {
        let url = self.session.get("/url").unwrap_or_default();
        let script = "return document.body ? document.body.innerText : ''";
        let body =
            self.session.post("/execute/sync", &json!({ "script": script, "args": [] })).unwrap_or_default();
        let text: String = body.as_str().unwrap_or_default().chars().take(SHOWN_CHARS).collect();
        format!("--- {url}\n{text}\n---")
    }
}

/// Finds something and acts on it; once more where it was replaced before the act, of which then nothing was done.
fn anew<F, T>(mut find: impl FnMut() -> F, act: impl Fn(&F) -> Result<T, String>) -> Result<T, String> {
    let mut looks = 1;
    loop {
        match act(&find()) {
            Err(refused) if refused.starts_with(REPLACED) && looks < LOOKS_MAX => looks += 1,
            done => return done,
        }
    }
}

#[test]
fn what_a_page_replaces_before_a_click_is_looked_for_anew() {
    let after = |replaced: usize, then: Result<(), String>| {
        let mut found = 0;
        let done = anew(
            || {
                found += 1;
                found
            },
            |number| if *number <= replaced { Err(format!("{REPLACED}: it went")) } else { then.clone() },
        );
        (done, found)
    };
    assert_eq!(after(3, Ok(())), (Ok(()), 4));
    let other = Err("element not interactable: hidden".to_owned());
    assert_eq!(after(1, other.clone()), (other, 2), "only that is looked for anew");
    assert!(after(LOOKS_MAX, Ok(())).0.is_err(), "and not without end");
}

/// Beside the profile.
const DOWNLOADS: &str = "downloads";

fn capabilities(chromium: &Path, dir: &Path, scripts: Scripts) -> Value {
    let profile = dir.join("profile");
    let downloads = dir.join(DOWNLOADS);
    std::fs::create_dir_all(&downloads).unwrap();
    let mut preferences = json!({
        "intl.accept_languages": "en",
        "download.default_directory": downloads,
        "download.prompt_for_download": false,
        "credentials_enable_service": false,
    });
    if scripts == Scripts::Off {
        preferences["profile.managed_default_content_settings.javascript"] = json!(2);
    }
    json!({
        "browserName": "chrome",
        "timeouts": { "implicit": SEEN_MS_MAX, "pageLoad": LOAD_MS_MAX, "script": LOAD_MS_MAX },
        "goog:chromeOptions": {
            "binary": chromium,
            "prefs": preferences,
            "args": [
                "--headless=new",
                // Chromium's own walls need a kernel that containers and root do not have. It sees our pages alone.
                "--no-sandbox",
                "--disable-dev-shm-usage",
                "--disable-gpu",
                "--disable-background-networking",
                "--disable-component-update",
                "--no-first-run",
                "--window-size=1280,900",
                format!("--user-data-dir={}", profile.display()),
            ],
        },
    })
}
