//! The environ: the request as the variables of CGI and PEP 3333.
//!
//! It is a view. A variable is worked out when it is asked for, from the request that the server has parsed; no map is filled
//! for each request. What an application or a middleware sets lies over it.

use std::{borrow::Cow, fmt, io::Read, sync::Arc};

use http::{HeaderMap, HeaderValue, Method, Uri, Version, header, request::Parts, uri::Authority};
use percent_encoding::percent_decode_str;

use super::{body::FileWrapper, cgi, errors::Errors, input::Input, latin1, tls, value::Value};
use crate::{
    body::Request,
    context::Context,
    request::{Connection, MountedAt, Origin, Peer},
    settings::Settings,
    worker::Worker,
};

/// The variables of a request, PEP 3333 section "environ Variables": what a callable gets beside `start_response`.
///
/// | variable | value |
/// |---|---|
/// | `REQUEST_METHOD` | the method, as it was sent |
/// | `SCRIPT_NAME`, `PATH_INFO` | where the application is mounted, and the rest of the path; percent-decoded |
/// | `QUERY_STRING` | what follows the `?`, not decoded; empty if there is none |
/// | `CONTENT_TYPE`, `CONTENT_LENGTH` | these headers, if they were sent |
/// | `HTTP_..` | every other header, see below |
/// | `SERVER_NAME`, `SERVER_PORT` | the address that the connection was made to, or what a trusted proxy says it was asked for |
/// | `SERVER_PROTOCOL` | `HTTP/1.1`, as RFC 3875 section 4.1.16 writes it: `HTTP/2.0` |
/// | `REMOTE_ADDR`, `REMOTE_PORT` | the client, as a trusted proxy tells it or else the other end of the connection; a unix socket has an empty address; no port if it is not known |
/// | `REQUEST_URI` | path and query as they were sent |
/// | `wsgi.version` | `(1, 0)` |
/// | `wsgi.url_scheme` | `https` if the connection is encrypted, else `http` |
/// | `HTTPS`, `SSL_..` | only if it is encrypted: `on`; `SSL_PROTOCOL`, `SSL_CIPHER`, `SSL_TLS_SNI`, `SSL_CLIENT_VERIFY`, `SSL_CLIENT_CERT` as mod_ssl has them |
/// | `wsgi.input`, `wsgi.errors`, `wsgi.file_wrapper` | see [`input`](Self::input), [`errors`](Self::errors), [`file_wrapper`](Self::file_wrapper) |
/// | `wsgi.multithread`, `wsgi.multiprocess`, `wsgi.run_once` | whether it may be called at the same time by another thread, by another process; false |
/// | `wsgi.input_terminated` | true: the input ends where the body does, whether its length was said or not |
/// | `pulsar.connection` | the [`Connection`] |
/// | `pulsar.cfg` | the [`Settings`] |
///
/// Headers that come several times are joined by `,`, cookies by `; `. Left out are headers with `_` in their name, since CGI cannot
/// tell them from those with `-`, and `Proxy`, which `HTTP_PROXY` would make the proxy of programs that are started.
///
/// Text is "native" in the PEP's sense: a character for each byte, so that `/é` in UTF-8 is two characters of `PATH_INFO`;
/// [`path`](Self::path) gives it as UTF-8.
///
/// ```
/// use pulsar::wsgi::{self, Environ, IntoBody, StartResponse};
///
/// fn app(environ: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
///     let host = environ.get("HTTP_HOST").unwrap_or_default();
///     let text = format!("you asked {host} for {}\n", environ.get("PATH_INFO").unwrap_or_default());
///     start_response("200 OK", &[("Content-Type", "text/plain; charset=latin-1")])?;
///     Ok(text)
/// }
/// ```
pub struct Environ(Box<Inner>);

struct Inner {
    parts: Parts,
    input: Input,
    context: Context,
    callable: &'static str,
    multithread: bool,
    /// What was set, `None` for what was removed; the last entry of a name counts, and there is one of each.
    changes: Vec<(Cow<'static, str>, Option<Value<'static>>)>,
}

/// The variables that are always there or may be, in the order of the list; headers come behind them.
const CGI: [&str; 13] = [
    "REQUEST_METHOD",
    "SCRIPT_NAME",
    "PATH_INFO",
    "QUERY_STRING",
    "CONTENT_TYPE",
    "CONTENT_LENGTH",
    "SERVER_NAME",
    "SERVER_PORT",
    "SERVER_PROTOCOL",
    "REMOTE_ADDR",
    "REMOTE_PORT",
    "REQUEST_URI",
    "HTTP_HOST",
];

/// The variables that are the server's own.
const SERVER: [&str; 11] = [
    "wsgi.version",
    "wsgi.url_scheme",
    "wsgi.input",
    "wsgi.errors",
    "wsgi.multithread",
    "wsgi.multiprocess",
    "wsgi.run_once",
    "wsgi.file_wrapper",
    "wsgi.input_terminated",
    "pulsar.connection",
    "pulsar.cfg",
];

impl Environ {
    pub(super) fn new(request: Request, context: Context, callable: &'static str, multithread: bool) -> Self {
        let (parts, body) = request.into_parts();
        let input = Input::new(body);
        Self(Box::new(Inner { parts, input, context, callable, multithread, changes: Vec::new() }))
    }

    /// A variable that is text; `None` if it is not there, or something else.
    ///
    /// ```
    /// # use pulsar::wsgi::Environ;
    /// fn wants_json(environ: &Environ) -> bool {
    ///     environ.get("HTTP_ACCEPT").is_some_and(|accept| accept.contains("application/json"))
    /// }
    /// ```
    pub fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        match self.value(name)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A variable of any kind.
    ///
    /// ```
    /// # use pulsar::wsgi::{Environ, Value};
    /// fn is_alone(environ: &Environ) -> bool {
    ///     matches!(environ.value("wsgi.multithread"), Some(Value::Bool(false)))
    /// }
    /// ```
    pub fn value(&self, name: &str) -> Option<Value<'_>> {
        match self.change(name) {
            Some(change) => change.as_ref().map(Value::borrowed),
            None => self.original(name),
        }
    }

    /// The object under this name, if there is one of this type: what [`set`](Self::set) got as [`Value::object`], and
    /// `pulsar.connection` and `pulsar.cfg`.
    ///
    /// ```
    /// # use pulsar::{request::Connection, wsgi::Environ};
    /// fn number_of_the_connection(environ: &Environ) -> Option<u64> {
    ///     environ.object::<Connection>("pulsar.connection").map(Connection::id)
    /// }
    /// ```
    pub fn object<T: Send + Sync + 'static>(&self, name: &str) -> Option<&T> {
        let object: &(dyn std::any::Any + Send + Sync) = match (self.change(name), name) {
            (Some(Some(Value::Object(object))), _) => object.as_ref(),
            (None, "pulsar.connection") => self.connection()?,
            (None, "pulsar.cfg") => self.settings(),
            _ => return None,
        };
        object.downcast_ref()
    }

    /// Sets a variable, for this application and for those that it passes the environ on to.
    ///
    /// ```
    /// # use pulsar::wsgi::{Environ, Value};
    /// fn log_in(environ: &mut Environ) {
    ///     environ.set("REMOTE_USER", "ada");
    ///     environ.set("shop.basket", Value::object(vec!["a book"]));
    /// }
    /// ```
    pub fn set(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Value<'static>>) {
        self.replace(name.into(), Some(value.into()));
    }

    /// Removes a variable.
    ///
    /// ```
    /// # use pulsar::wsgi::Environ;
    /// fn forget_cookies(environ: &mut Environ) {
    ///     environ.remove("HTTP_COOKIE");
    ///     assert_eq!(environ.get("HTTP_COOKIE"), None);
    /// }
    /// ```
    pub fn remove(&mut self, name: impl Into<Cow<'static, str>>) {
        self.replace(name.into(), None);
    }

    /// Every variable with its value, each once.
    ///
    /// ```
    /// # use pulsar::wsgi::Environ;
    /// fn dump(environ: &Environ) {
    ///     for (name, value) in environ.iter() {
    ///         println!("{name} = {value:?}");
    ///     }
    /// }
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = (Cow<'_, str>, Value<'_>)> {
        let named = CGI
            .into_iter()
            .chain(SERVER)
            .chain(tls::NAMES)
            .filter_map(|name| Some((Cow::Borrowed(name), self.original(name)?)));
        let headers = cgi::iter(&self.0.parts.headers)
            .filter(|(name, _)| name != "HTTP_HOST")
            .map(|(name, value)| (Cow::Owned(name), Value::Text(value)));
        let unchanged = named.chain(headers).filter(|(name, _)| self.change(name).is_none());
        let set = self
            .0
            .changes
            .iter()
            .filter_map(|(name, value)| Some((Cow::Borrowed(name.as_ref()), value.as_ref()?.borrowed())));
        unchanged.chain(set)
    }

    /// The rest of the path as UTF-8: `PATH_INFO` the way it was meant.
    ///
    /// # Errors
    ///
    /// Fails if its bytes are no UTF-8; a client may send any.
    ///
    /// ```
    /// # use pulsar::wsgi::Environ;
    /// fn page(environ: &Environ) -> String {
    ///     environ.path().unwrap_or_default()
    /// }
    /// ```
    pub fn path(&self) -> Result<String, std::string::FromUtf8Error> {
        let text = self.get("PATH_INFO").unwrap_or_default();
        // A value that somebody has set may hold more than bytes; then it is what was meant already.
        match latin1::encode(&text) {
            Ok(bytes) => String::from_utf8(bytes.into_owned()),
            Err(_) => Ok(text.into_owned()),
        }
    }

    /// Moves the first segment of `PATH_INFO` to the end of `SCRIPT_NAME` and gives it; `None` if there is none.
    ///
    /// An application that hands requests on to others by the first part of their path does this
    /// (`wsgiref.util.shift_path_info` in Python).
    ///
    /// ```
    /// # use pulsar::wsgi::Environ;
    /// fn which(environ: &mut Environ) -> &'static str {
    ///     match environ.shift_path_info().as_deref() {
    ///         Some("blog") => "the blog",
    ///         _ => "the site",
    ///     }
    /// }
    /// ```
    pub fn shift_path_info(&mut self) -> Option<String> {
        let path = self.get("PATH_INFO")?.into_owned();
        let script = self.get("SCRIPT_NAME").unwrap_or_default().into_owned();
        let rest = path.trim_start_matches('/');
        let (segment, rest) =
            rest.split_once('/').map_or((rest, None), |(segment, rest)| (segment, Some(rest)));
        if segment.is_empty() {
            return None;
        }
        self.set("SCRIPT_NAME", format!("{}/{segment}", script.trim_end_matches('/')));
        self.set("PATH_INFO", rest.map(|rest| format!("/{rest}")).unwrap_or_default());
        Some(segment.to_owned())
    }

    /// The body of the request, `wsgi.input`.
    ///
    /// ```
    /// use tokio::io::AsyncReadExt;
    ///
    /// use pulsar::wsgi::{self, Environ, IntoBody, StartResponse};
    ///
    /// async fn echo(environ: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
    ///     let mut body = Vec::new();
    ///     environ.input().read_to_end(&mut body).await?;
    ///     start_response("200 OK", &[("Content-Type", "application/octet-stream")])?;
    ///     Ok(body)
    /// }
    /// ```
    pub fn input(&mut self) -> &mut Input {
        &mut self.0.input
    }

    /// Takes the body of the request out, for a body of the answer that reads it as it goes. What remains is empty.
    ///
    /// ```
    /// use std::io::Read;
    ///
    /// use pulsar::wsgi::{self, Environ, IntoBody, StartResponse};
    ///
    /// /// Sends back in capitals what comes, while it comes.
    /// fn shout(environ: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
    ///     let mut input = environ.take_input();
    ///     start_response("200 OK", &[("Content-Type", "text/plain")])?;
    ///     Ok(std::iter::from_fn(move || {
    ///         let mut chunk = vec![0; 4096];
    ///         match input.read(&mut chunk) {
    ///             Ok(0) => None,
    ///             Ok(length) => Some(Ok(chunk[..length].to_ascii_uppercase())),
    ///             Err(error) => Some(Err(error)),
    ///         }
    ///     }))
    /// }
    /// ```
    pub fn take_input(&mut self) -> Input {
        std::mem::replace(&mut self.0.input, Input::empty())
    }

    /// Where an application reports what went wrong, `wsgi.errors`: a stream of text whose lines go to the log.
    ///
    /// ```
    /// use std::io::Write;
    ///
    /// # use pulsar::wsgi::Environ;
    /// fn complain(environ: &Environ) -> std::io::Result<()> {
    ///     writeln!(environ.errors(), "the stock is empty")
    /// }
    /// ```
    pub fn errors(&self) -> Errors {
        Errors::new(self.0.callable)
    }

    /// A body that reads a file in pieces, `wsgi.file_wrapper`.
    ///
    /// ```
    /// use pulsar::wsgi::{self, Environ, IntoBody, StartResponse};
    ///
    /// fn manual(environ: &mut Environ, start_response: StartResponse) -> wsgi::Result<impl IntoBody> {
    ///     let file = std::fs::File::open("manual.pdf")?;
    ///     start_response("200 OK", &[("Content-Type", "application/pdf")])?;
    ///     Ok(environ.file_wrapper(file))
    /// }
    /// ```
    pub fn file_wrapper<R: Read + Send + 'static>(&self, file: R) -> FileWrapper<R> {
        FileWrapper::new(file)
    }

    /// The method of the request.
    pub fn method(&self) -> &Method {
        &self.0.parts.method
    }

    /// The target of the request, without what the application is mounted at.
    pub fn uri(&self) -> &Uri {
        &self.0.parts.uri
    }

    /// The headers of the request, all of them and as they were sent.
    pub fn headers(&self) -> &HeaderMap {
        &self.0.parts.headers
    }

    /// The connection that the request came by, if it came by one.
    pub fn connection(&self) -> Option<&Connection> {
        self.0.parts.extensions.get()
    }

    /// The settings of the application.
    pub fn settings(&self) -> &Settings {
        self.0.context.settings()
    }

    /// The state of the worker: what its providers made.
    ///
    /// ```
    /// # use pulsar::wsgi::Environ;
    /// struct Db(&'static str);
    ///
    /// fn name_of_the_database(environ: &Environ) -> &'static str {
    ///     environ.context().get::<Db>().map_or("none", |db| db.0)
    /// }
    /// ```
    pub fn context(&self) -> &Context {
        &self.0.context
    }

    /// Whether the client sends its body only when it is told to (RFC 9110 section 10.1.1).
    pub(super) fn awaits_continue(&self) -> bool {
        let expected = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"100-continue");
        self.0.parts.version > Version::HTTP_10 && self.headers().get_all(header::EXPECT).iter().any(expected)
    }

    /// Takes it out of its place, where nothing is left.
    pub(super) fn take(&mut self) -> Self {
        let parts = http::Request::new(()).into_parts().0;
        let Inner { context, callable, multithread, .. } = &*self.0;
        let empty = Inner {
            parts,
            input: Input::empty(),
            context: context.clone(),
            callable,
            multithread: *multithread,
            changes: Vec::new(),
        };
        Self(std::mem::replace(&mut self.0, Box::new(empty)))
    }

    /// Says whether other threads may call the application that is asked now, and gives what was said before.
    pub(super) fn set_multithread(&mut self, multithread: bool) -> bool {
        std::mem::replace(&mut self.0.multithread, multithread)
    }

    /// The request with what was set, for an application of another kind that may not want it: then it gives the body back.
    pub(crate) fn lend(&mut self) -> Request {
        let mut parts = self.0.parts.clone();
        apply(&mut parts, &self.0.changes);
        Request::from_parts(parts, self.take_input().into_body())
    }

    /// Takes the body of a lent request back.
    pub(crate) fn restore(&mut self, request: Request) {
        self.0.input = Input::new(request.into_body());
    }

    fn change(&self, name: &str) -> Option<&Option<Value<'static>>> {
        self.0.changes.iter().find(|(changed, _)| changed == name).map(|(_, value)| value)
    }

    fn replace(&mut self, name: Cow<'static, str>, value: Option<Value<'static>>) {
        match self.0.changes.iter_mut().find(|(changed, _)| *changed == name) {
            Some((_, place)) => *place = value,
            None => self.0.changes.push((name, value)),
        }
    }

    /// A variable as the request has it.
    fn original(&self, name: &str) -> Option<Value<'_>> {
        let Inner { parts, context, multithread, .. } = &*self.0;
        let text = |bytes| Some(Value::Text(latin1::decode(bytes)));
        match name {
            "REQUEST_METHOD" => Some(parts.method.as_str().into()),
            "SCRIPT_NAME" => Some(Value::Text(decoded(self.mounted_at()))),
            // The server as a whole has no path: RFC 9110 section 9.3.7.
            "PATH_INFO" if parts.uri.path() == "*" => Some("*".into()),
            "PATH_INFO" => Some(Value::Text(decoded(self.path_behind_mount()))),
            "QUERY_STRING" => text(parts.uri.query().unwrap_or_default().as_bytes()),
            "CONTENT_TYPE" => text(parts.headers.get(header::CONTENT_TYPE)?.as_bytes()),
            "CONTENT_LENGTH" => text(parts.headers.get(header::CONTENT_LENGTH)?.as_bytes()),
            "SERVER_NAME" => Some(self.server().0.into()),
            "SERVER_PORT" => Some(self.server().1.to_string().into()),
            "SERVER_PROTOCOL" => Some(protocol(parts.version).into()),
            "REMOTE_ADDR" => {
                let client = self.connection().and_then(Connection::client);
                Some(client.map(|address| address.to_string()).unwrap_or_default().into())
            }
            "REMOTE_PORT" => Some(self.connection()?.client_port()?.to_string().into()),
            "REQUEST_URI" => {
                let rest = parts.uri.path_and_query().map_or("", |rest| rest.as_str());
                let whole = match self.mounted_at() {
                    "" => Cow::Borrowed(rest.as_bytes()),
                    prefix => Cow::Owned([prefix, self.behind_mount(rest)].concat().into_bytes()),
                };
                Some(Value::Text(Cow::Owned(latin1::decode(&whole).into_owned())))
            }
            "HTTP_HOST" => {
                if let Some(origin) = Origin::told(parts) {
                    return Some(origin.authority().into());
                }
                let sent = cgi::get(&parts.headers, name);
                let host = sent.or_else(|| parts.uri.authority().map(|authority| authority.as_str().into()));
                host.map(Value::Text)
            }
            "wsgi.version" => Some(Value::Version(1, 0)),
            "wsgi.url_scheme" => Some(self.connection().map_or("http", Connection::scheme).into()),
            "wsgi.input" | "wsgi.errors" | "wsgi.file_wrapper" => Some(Value::Handle),
            "wsgi.multithread" => Some((*multithread).into()),
            // Also while there is one worker: a reload has two for a moment.
            "wsgi.multiprocess" => {
                Some(context.get::<Worker>().is_some_and(|worker| worker.is_supervised()).into())
            }
            "wsgi.run_once" => Some(false.into()),
            "wsgi.input_terminated" => Some(true.into()),
            "pulsar.connection" => self.connection().cloned().map(Value::object),
            "pulsar.cfg" => Some(Value::Object(context.get::<Settings>()?)),
            _ if tls::NAMES.contains(&name) => tls::get(self.connection()?, name).map(Value::Text),
            _ => cgi::get(&parts.headers, name).map(Value::Text),
        }
    }

    /// What the application is mounted at, as it was sent.
    pub(super) fn mounted_at(&self) -> &str {
        MountedAt::of(&self.0.parts.extensions).map_or("", MountedAt::as_str)
    }

    /// The path of an application that is mounted at `/a`, asked for `/a`, is empty, as in PEP 3333.
    fn path_behind_mount(&self) -> &str {
        self.behind_mount(self.0.parts.uri.path())
    }

    fn behind_mount<'a>(&self, path: &'a str) -> &'a str {
        let added = MountedAt::of(&self.0.parts.extensions).is_some_and(MountedAt::has_added_slash);
        path.strip_prefix('/').filter(|_| added).unwrap_or(path)
    }

    /// Name and port of this server: what a trusted proxy was asked for, else the address that was connected to or, where there
    /// is none, what the client calls it.
    fn server(&self) -> (String, u16) {
        if let Some(origin) = Origin::told(&self.0.parts) {
            return (origin.host().to_owned(), origin.port());
        }
        if let Some(Peer::Tcp(address)) = self.connection().and_then(Connection::local) {
            return (address.ip().to_canonical().to_string(), address.port());
        }
        let host = self.get("HTTP_HOST").unwrap_or_default();
        let authority = host.parse::<Authority>().ok();
        let name = authority.as_ref().map_or("localhost", Authority::host);
        let name = if name.is_empty() { "localhost" } else { name };
        let default = if self.connection().is_some_and(Connection::is_secure) { 443 } else { 80 };
        (name.to_owned(), authority.as_ref().and_then(Authority::port_u16).unwrap_or(default))
    }
}

impl fmt::Debug for Environ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

fn protocol(version: http::Version) -> &'static str {
    match version {
        http::Version::HTTP_09 => "HTTP/0.9",
        http::Version::HTTP_10 => "HTTP/1.0",
        http::Version::HTTP_2 => "HTTP/2.0",
        http::Version::HTTP_3 => "HTTP/3.0",
        _ => "HTTP/1.1",
    }
}

/// Percent-decoded, each byte a character.
fn decoded(path: &str) -> Cow<'_, str> {
    match percent_decode_str(path).into() {
        Cow::Borrowed(bytes) => latin1::decode(bytes),
        Cow::Owned(bytes) => Cow::Owned(latin1::decode(&bytes).into_owned()),
    }
}

/// Takes over into the request what was set in the environ: method, path, query and headers.
fn apply(parts: &mut Parts, changes: &[(Cow<'static, str>, Option<Value<'static>>)]) {
    use http::HeaderName;
    use percent_encoding::{AsciiSet, CONTROLS, percent_encode};

    const PATH: &AsciiSet = &CONTROLS
        .add(b' ')
        .add(b'"')
        .add(b'#')
        .add(b'<')
        .add(b'>')
        .add(b'?')
        .add(b'`')
        .add(b'{')
        .add(b'}')
        .add(b'%');

    let (mut path, mut query, mut prefix) = (None, None, None);
    for (name, value) in changes {
        let text = value.as_ref().map(|value| value.as_str().unwrap_or_default());
        let bytes = text.and_then(|text| latin1::encode(text).ok());
        match name.as_ref() {
            "REQUEST_METHOD" => {
                if let Some(Ok(method)) = text.map(str::parse) {
                    parts.method = method;
                }
            }
            "PATH_INFO" => path = bytes.map(|bytes| percent_encode(&bytes, PATH).to_string()),
            "SCRIPT_NAME" => prefix = bytes.map(|bytes| percent_encode(&bytes, PATH).to_string()),
            "QUERY_STRING" => query = Some(text.unwrap_or_default()),
            name => {
                let header = match name {
                    "CONTENT_TYPE" => Some("content-type".to_owned()),
                    _ => name.strip_prefix("HTTP_").map(|name| name.replace('_', "-").to_ascii_lowercase()),
                };
                let Some(Ok(header)) = header.map(HeaderName::try_from) else { continue };
                match bytes.map(|bytes| HeaderValue::from_bytes(&bytes)) {
                    Some(Ok(value)) => drop(parts.headers.insert(header, value)),
                    _ => drop(parts.headers.remove(header)),
                }
            }
        }
    }
    if path.is_some() || prefix.is_some() {
        let before = MountedAt::of(&parts.extensions);
        let prefix = prefix.unwrap_or_else(|| before.map_or("", MountedAt::as_str).to_owned());
        // An empty path becomes the `/` that a request cannot do without.
        let added_slash = match &path {
            Some(path) => path.is_empty(),
            None => before.is_some_and(MountedAt::has_added_slash),
        };
        let mounted = Arc::new(MountedAt::new(prefix, added_slash));
        parts.extensions.get_or_insert_with(Connection::none).mounted = Some(mounted);
    }
    if path.is_some() || query.is_some() {
        let path = path.unwrap_or_else(|| parts.uri.path().to_owned());
        let path = if path.starts_with('/') { path } else { format!("/{path}") };
        let target = match query.or(parts.uri.query()) {
            Some(query) if !query.is_empty() => format!("{path}?{query}"),
            _ => path,
        };
        let mut uri = parts.uri.clone().into_parts();
        if let Ok(target) = target.parse() {
            uri.path_and_query = Some(target);
            // With a path, every combination of the other parts that was parsed before is still one.
            parts.uri = Uri::from_parts(uri).unwrap_or_default();
        }
    }
}
