//! The section `[browser]`: which browser reads the portal's page.

use std::path::PathBuf;

use url::Url;

use super::setting::{Spec, section};

section! {
    /// The browser that reads the portal's page. What is not set is found by itself.
    BrowserConfig = "browser.", |config| config.browser;

    /// A WebDriver server to use instead of a browser of our own, such as a Selenium Grid.
    webdriver_url: Option<Url> => Spec::unset(r#""http://127.0.0.1:4444/""#);
    /// The Chromium or Chrome to start. Found by itself when not set.
    chromium: Option<PathBuf> => Spec::unset(r#""/usr/bin/chromium""#);
    /// The chromedriver to start. Found by itself when not set.
    chromedriver: Option<PathBuf> => Spec::unset(r#""/usr/bin/chromedriver""#);
}
