//! Which server, with which key: the command line stands over variables, and variables stand over the file. A key goes only
//! to the server that it was given with.

use std::collections::BTreeMap;

use secrecy::SecretString;

use super::profiles::{Profile, Profiles};
use super::variables::{API_KEY_VARIABLE, PROFILE_VARIABLE, URL_VARIABLE};
use crate::failure::Failure;

/// What the command line says.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asked<'a> {
    pub(super) url: Option<&'a str>,
    pub(super) profile: Option<&'a str>,
}

/// The server.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) url: String,
    pub(super) api_key: SecretString,
    pub(super) plain_http: bool,
}

/// Chooses it. The file is read only where a profile is needed.
pub(super) fn choose(
    asked: Asked<'_>,
    variables: &BTreeMap<String, String>,
    read: impl FnOnce() -> Result<Profiles, Failure>,
) -> Result<Server, Failure> {
    let variable = |name: &str| variables.get(name).map(String::as_str);
    let key_variable = || variable(API_KEY_VARIABLE).map(SecretString::from);
    let at = |url: &str| {
        let api_key = key_variable().ok_or_else(|| {
            let text = format!("the key for {url} is wanted in {API_KEY_VARIABLE}, or use a profile");
            Failure::unable(text)
        })?;
        Ok(Server { url: url.to_owned(), api_key, plain_http: false })
    };
    match (asked.url, asked.profile, variable(URL_VARIABLE), variable(PROFILE_VARIABLE)) {
        (Some(url), ..) => at(url),
        // Named for this one command: a key that lies around for others does not go over its own.
        (None, Some(name), ..) => {
            let profile = read()?.named(name)?;
            let own = profile.key(variables)?;
            of_profile(name, profile, own.or_else(key_variable))
        }
        (None, None, Some(url), _) => at(url),
        (None, None, None, named) => {
            let profiles = read()?;
            let name = named.map(str::to_owned).or_else(|| profiles.default.clone()).ok_or_else(|| {
                Failure::unable(format!(
                    "which server? Name it: --profile, --url with {API_KEY_VARIABLE}, or a default in the file of profiles"
                ))
            })?;
            let profile = profiles.named(&name)?;
            let key = match key_variable() {
                Some(key) => Some(key),
                None => profile.key(variables)?,
            };
            of_profile(&name, profile, key)
        }
    }
}

fn of_profile(name: &str, profile: Profile, key: Option<SecretString>) -> Result<Server, Failure> {
    let api_key = key.ok_or_else(|| {
        Failure::unable(format!("the profile {name} has no key: api_key_file, api_key_env or api_key"))
    })?;
    Ok(Server { url: profile.url, api_key, plain_http: profile.plain_http })
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    const FILE: &str = "default = \"one\"\n[profiles.one]\nurl = \"https://one.example\"\napi_key = \"rk_one\"\n\
        [profiles.two]\nurl = \"https://two.example\"\napi_key_env = \"KEY_OF_TWO\"\nplain_http = true\n\
        [profiles.bare]\nurl = \"https://bare.example\"\n";

    fn chosen(asked: Asked<'_>, variables: &[(&str, &str)]) -> Result<(String, String), String> {
        let variables =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let server =
            choose(asked, &variables, || Profiles::parse(FILE)).map_err(|error| error.to_string())?;
        Ok((server.url, server.api_key.expose_secret().to_owned()))
    }

    fn of(url: &str, key: &str) -> Result<(String, String), String> {
        Ok((url.to_owned(), key.to_owned()))
    }

    #[test]
    fn the_command_line_stands_over_variables_and_they_over_the_file() {
        let none = Asked::default();
        let both = [("REDRESS_URL", "https://v.example"), ("REDRESS_API_KEY", "rk_v")];
        assert_eq!(chosen(none, &[]), of("https://one.example", "rk_one"));
        assert_eq!(chosen(none, &both), of("https://v.example", "rk_v"));
        let two = [("REDRESS_PROFILE", "two"), ("KEY_OF_TWO", "rk_two")];
        assert_eq!(chosen(none, &two), of("https://two.example", "rk_two"));
        assert_eq!(chosen(none, &[both[1]]), of("https://one.example", "rk_v"));
        assert_eq!(chosen(none, &[&both[..], &two].concat()), of("https://v.example", "rk_v"));
        let url = Asked { url: Some("https://c.example"), profile: None };
        assert_eq!(chosen(url, &both), of("https://c.example", "rk_v"));
        let one = Asked { url: None, profile: Some("one") };
        assert_eq!(chosen(one, &[&both[..], &two].concat()), of("https://one.example", "rk_one"));
        let bare = Asked { url: None, profile: Some("bare") };
        assert_eq!(chosen(bare, &[both[1]]), of("https://bare.example", "rk_v"));
    }

    #[test]
    fn a_key_of_a_profile_goes_nowhere_else() {
        let url = Asked { url: Some("https://c.example"), profile: None };
        for asked in [chosen(url, &[]), chosen(Asked::default(), &[("REDRESS_URL", "https://v.example")])] {
            assert!(asked.unwrap_err().contains("REDRESS_API_KEY"));
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let named = |name| chosen(Asked { url: None, profile: Some(name) }, &[]).unwrap_err();
        assert!(named("three").contains("three") && named("three").contains("bare, one, two"));
        assert!(named("two").contains("KEY_OF_TWO"));
        assert!(named("bare").contains("no key"));
        let nothing = choose(Asked::default(), &BTreeMap::new(), || Ok(Profiles::default()));
        assert!(nothing.unwrap_err().to_string().contains("--profile"));
    }
}
