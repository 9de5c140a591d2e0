//! [`Files`]: the folder, how it is served, and the `Service` that this is.

use std::{
    convert::Infallible,
    env, fmt, io,
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::{HeaderValue, StatusCode};
use tower_service::Service;

use super::{
    answer::{self, Options},
    cached::Patience,
    content,
    embedded::{EmbeddedFile, Tree},
    path::FilePath,
    root::{Root, Symlinks},
    source::{Found, Source},
    tag::EntityTag,
};
use crate::{
    body::{BoxFuture, Request, Response},
    pool::PoolError,
    problem::Problem,
};

/// Serves the files of a folder, or files that are part of the program.
///
/// A `tower::Service` that never fails: mount it with [`Router::mount`](crate::Router::mount), or let
/// [`static_files!`](crate::static_files) do it. Cloning is cheap. It learns from our router where it is mounted; in a router of
/// another kind that cuts off a prefix, such as axum's `nest_service`, the redirect of a folder lacks it, so that
/// [`no_index`](Self::no_index) is right there.
///
/// # Defaults
///
/// * `index.html` stands for its folder
/// * there is no page for paths that are no file
/// * what begins with a dot is not served
/// * siblings with `.br`, `.zst` or `.gz` behind the name are served in place of the file to those who accept that coding
/// * links may not leave the folder
/// * there is no `Cache-Control`: caches ask before they use what they have for long
///
/// ```
/// use pulsar::{Router, files::Files, testing::Client};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = std::env::temp_dir().join(format!("pulsar-doc-files-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # std::fs::write(folder.join("site.css"), "p { margin: 0 }")?;
/// let files = Files::new(&folder)?.cache_control("public, max-age=3600");
/// let client = Client::new(Router::new().mount("/static", files).compile(Default::default())?);
///
/// let answer = client.get("/static/site.css").send().await;
/// answer.assert_text("p { margin: 0 }").assert_header("content-type", "text/css; charset=utf-8");
/// client.get("/static/../secret").send().await.assert_status(404);
/// # std::fs::remove_dir_all(folder)?;
/// # Ok(())
/// # }
/// # pulsar::testing::block_on(example()).unwrap();
/// ```
#[derive(Clone)]
#[must_use]
pub struct Files(Arc<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    source: Source,
    options: Options,
}

impl Files {
    /// The files of a folder, which is opened here, once: if another one takes its place under the same name, the next process
    /// serves that.
    ///
    /// # Errors
    ///
    /// Fails if the folder is not there, or may not be read.
    ///
    /// ```
    /// use pulsar::files::Files;
    /// let error = Files::new("no/such/folder").unwrap_err();
    /// assert!(error.to_string().starts_with("the folder `no/such/folder` of static files cannot be opened"));
    /// ```
    pub fn new(folder: impl AsRef<Path>) -> Result<Self, OpenError> {
        let path = folder.as_ref();
        match Root::open(path) {
            Ok(root) => Ok(Self::of(Source::Disk(root))),
            Err(source) => Err(OpenError { path: path.to_owned(), source }),
        }
    }

    /// Files that are part of the program.
    ///
    /// # Panics
    ///
    /// Panics if a path or a version is none: a path has segments with single slashes between them, a version only visible ASCII
    /// without quotes.
    ///
    /// ```
    /// use pulsar::{files::{EmbeddedFile, Files}, testing::Client};
    ///
    /// let files = Files::embedded(&[EmbeddedFile::new("index.html", b"<p>hello", "v1")]);
    /// let answer = pulsar::testing::block_on(Client::new(files).get("/").send());
    /// answer.assert_text("<p>hello").assert_header("etag", "\"v1\"");
    /// ```
    pub fn embedded(files: &[EmbeddedFile]) -> Self {
        for file in files {
            let path = file.path();
            assert!(FilePath::of_file(path).is_some(), "{path:?} is not the path of an embedded file");
            let version = file.version();
            let is_tag = version.is_ascii() && EntityTag::new(version, false).is_some();
            assert!(is_tag, "{version:?} is not a version of an embedded file");
        }
        Self::of(Source::Embedded(Tree::new(files)))
    }

    fn of(source: Source) -> Self {
        let options = Options {
            index: Some("index.html".to_owned()),
            fallback: None,
            hidden: false,
            precompressed: true,
            cache_control: None,
        };
        Self(Arc::new(Inner { source, options }))
    }

    fn options(&mut self) -> &mut Options {
        &mut Arc::make_mut(&mut self.0).options
    }

    /// The name of the file that stands for its folder: `index.html` unless this says another one.
    ///
    /// # Panics
    ///
    /// Panics if it is not the name of a file.
    ///
    /// ```
    /// use pulsar::{files::{EmbeddedFile, Files}, testing::{Client, block_on}};
    /// let files = Files::embedded(&[EmbeddedFile::new("home.txt", b"hello", "v1")]).index("home.txt");
    /// block_on(Client::new(files).get("/").send()).assert_text("hello");
    /// ```
    pub fn index(mut self, name: &str) -> Self {
        let is_name = FilePath::of_file(name).is_some() && !name.contains('/');
        assert!(is_name, "{name:?} is not the name of a file; an index stands in every folder that has one");
        self.options().index = Some(name.to_owned());
        self
    }

    /// Leaves folders without a page: they are 404.
    ///
    /// ```
    /// use pulsar::{files::{EmbeddedFile, Files}, testing::{Client, block_on}};
    /// let files = Files::embedded(&[EmbeddedFile::new("index.html", b"<p>hello", "v1")]).no_index();
    /// block_on(Client::new(files).get("/").send()).assert_status(404);
    /// ```
    pub fn no_index(mut self) -> Self {
        self.options().index = None;
        self
    }

    /// The page for every path that is no file, for applications of one page that route by themselves.
    ///
    /// It is answered with 200 to a client whose `Accept` names HTML, and to one that takes anything if the path has no dot in its last
    /// segment. Its `Cache-Control` is always `no-cache`, since it names the other files.
    ///
    /// # Panics
    ///
    /// Panics if it is not the path of a file below the folder.
    ///
    /// ```
    /// use pulsar::{files::{EmbeddedFile, Files}, testing::{Client, block_on}};
    /// let files = Files::embedded(&[EmbeddedFile::new("app.html", b"<p>app", "v1")]).fallback("app.html");
    /// let client = Client::new(files);
    /// block_on(client.get("/users/7").send()).assert_text("<p>app");
    /// block_on(client.get("/logo.png").send()).assert_status(404);
    /// ```
    pub fn fallback(mut self, path: &str) -> Self {
        let Some(page) = FilePath::of_file(path) else {
            panic!("{path:?} is not the path of a file below the folder; write one such as \"index.html\"")
        };
        self.options().fallback = Some(page);
        self
    }

    /// Whether files and folders are served whose name begins with a dot.
    ///
    /// ```
    /// use pulsar::{files::{EmbeddedFile, Files}, testing::{Client, block_on}};
    /// let files = Files::embedded(&[EmbeddedFile::new(".well-known/x", b"hello", "v1")]);
    /// block_on(Client::new(files.clone()).get("/.well-known/x").send()).assert_status(404);
    /// block_on(Client::new(files.hidden(true)).get("/.well-known/x").send()).assert_status(200);
    /// ```
    pub fn hidden(mut self, serve: bool) -> Self {
        self.options().hidden = serve;
        self
    }

    /// Whether siblings of a file that hold it compressed are served to those who accept that.
    ///
    /// ```
    /// use pulsar::{files::{EmbeddedFile, Files}, testing::{Client, block_on}};
    /// let files = Files::embedded(&[
    ///     EmbeddedFile::new("a.js", b"let a = 1", "v1"),
    ///     EmbeddedFile::new("a.js.gz", b"\x1f\x8b..", "v2"),
    /// ]);
    /// let coding = |files| {
    ///     let answer = block_on(Client::new(files).get("/a.js").header("accept-encoding", "gzip").send());
    ///     answer.header("content-encoding").map(str::to_owned)
    /// };
    /// assert_eq!(coding(files.clone()).as_deref(), Some("gzip"));
    /// assert_eq!(coding(files.precompressed(false)), None);
    /// ```
    pub fn precompressed(mut self, serve: bool) -> Self {
        self.options().precompressed = serve;
        self
    }

    /// The value of `Cache-Control` for every file.
    ///
    /// # Panics
    ///
    /// Panics if it is no value of a header.
    ///
    /// ```
    /// use pulsar::{files::{EmbeddedFile, Files}, testing::{Client, block_on}};
    /// let files = Files::embedded(&[EmbeddedFile::new("a.5f2c.js", b"let a = 1", "v1")]);
    /// let client = Client::new(files.cache_control("public, max-age=31536000, immutable"));
    /// let answer = block_on(client.get("/a.5f2c.js").send());
    /// answer.assert_header("cache-control", "public, max-age=31536000, immutable");
    /// ```
    pub fn cache_control(mut self, value: &str) -> Self {
        let Ok(value) = HeaderValue::from_str(value) else {
            panic!(
                "{value:?} cannot be the value of `Cache-Control`; write one such as \"public, max-age=3600\""
            )
        };
        self.options().cache_control = Some(value);
        self
    }

    /// Which symbolic links of the folder are followed. Embedded files have none.
    ///
    /// ```
    /// use pulsar::files::{Files, Symlinks};
    /// # let folder = std::env::temp_dir();
    /// let files = Files::new(folder)?.symlinks(Symlinks::Anywhere);
    /// # Ok::<(), pulsar::files::OpenError>(())
    /// ```
    pub fn symlinks(mut self, follow: Symlinks) -> Self {
        if let Source::Disk(root) = &mut Arc::make_mut(&mut self.0).source {
            root.symlinks = follow;
        }
        self
    }

    /// Whether this file can be served now. It blocks.
    pub(crate) fn has(&self, path: &str) -> bool {
        let Some(path) = FilePath::of_file(path) else { return false };
        matches!(self.0.source.get(&path, Patience::Some), Ok(Found::File(_)))
    }

    /// Answers a request.
    pub(crate) fn answer<B>(&self, request: Request<B>) -> FilesFuture {
        let request = request.into_parts().0;
        if let Some(response) = answer::without_file(&request.method) {
            return FilesFuture::ready(response);
        }
        if self.0.source.has_cache()
            && let Some(response) = answer::answer(&self.0.source, &self.0.options, &request, Patience::None)
        {
            return FilesFuture::ready(response);
        }
        let inner = Arc::clone(&self.0);
        FilesFuture(Kind::Pending(Box::pin(async move {
            let pool = match content::pool() {
                Ok(pool) => pool,
                Err(error) => return failed(error),
            };
            let job = move || answer::answer(&inner.source, &inner.options, &request, Patience::Some);
            match pool.run(job).await {
                Ok(Some(response)) => response,
                // With patience there is one.
                Ok(None) | Err(PoolError::Full) => answer::refusal(Problem::busy()),
                Err(PoolError::Panicked(message)) => failed(io::Error::other(message)),
            }
        })))
    }
}

fn failed(error: io::Error) -> Response {
    answer::refusal(Problem::new(StatusCode::INTERNAL_SERVER_ERROR).with_source(error))
}

impl<B> Service<Request<B>> for Files {
    type Response = Response;
    type Error = Infallible;
    type Future = FilesFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> FilesFuture {
        self.answer(request)
    }
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Files");
        match &self.0.source {
            Source::Disk(root) => shown.field("folder", &root.path()),
            Source::Embedded(_) => shown.field("folder", &"(embedded)"),
        };
        shown.finish_non_exhaustive()
    }
}

/// The answer of [`Files`], when it is there.
///
/// ```
/// use pulsar::{Request, body::Body, files::{Files, FilesFuture}};
/// use tower::Service;
///
/// let future: FilesFuture = Files::embedded(&[]).call(Request::new(Body::empty()));
/// assert_eq!(pulsar::testing::block_on(future).unwrap().status(), 404);
/// ```
pub struct FilesFuture(Kind);

enum Kind {
    Ready(Option<Box<Response>>),
    Pending(BoxFuture<'static, Response>),
}

impl FilesFuture {
    fn ready(response: Response) -> Self {
        Self(Kind::Ready(Some(Box::new(response))))
    }
}

impl Future for FilesFuture {
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Kind::Pending(future) => future.as_mut().poll(cx).map(Ok),
            Kind::Ready(response) => {
                Poll::Ready(Ok(*response.take().expect("a future is not polled after it is ready")))
            }
        }
    }
}

impl fmt::Debug for FilesFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FilesFuture").finish_non_exhaustive()
    }
}

/// A folder of static files cannot be opened: the operator's to mend, and nothing is served before.
///
/// ```
/// use pulsar::files::Files;
/// let error = Files::new("/etc/hostname").unwrap_err();
/// assert!(error.to_string().contains("Not a directory"));
/// ```
#[derive(Debug)]
pub struct OpenError {
    path: PathBuf,
    source: io::Error,
}

impl OpenError {
    /// What the system said, without the path.
    pub(crate) fn cause(&self) -> &io::Error {
        &self.source
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, source } = self;
        write!(f, "the folder `{}` of static files cannot be opened: {source}", path.display())?;
        if path.is_relative()
            && let Ok(folder) = env::current_dir()
        {
            write!(f, "; it was looked for in the working directory, {}", folder.display())?;
        }
        Ok(())
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, process};

    use super::*;
    use crate::body::Body;

    #[test]
    fn what_is_in_memory_needs_no_way_to_the_pool() {
        let folder = env::temp_dir().join(format!("pulsar-service-{}", process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("short"), "0123456789").unwrap();
        fs::write(folder.join("long"), vec![7; 1 << 20]).unwrap();
        let files = Files::new(&folder).unwrap();
        for (path, length) in [("/short", "10"), ("/long", "1048576")] {
            let request = || Request::builder().uri(path).body(Body::empty()).unwrap();
            // Whoever has patience finds out about names that are not there, such as those of precompressed files; the kernel
            // remembers it.
            let parts = request().into_parts().0;
            assert!(
                answer::answer(&files.0.source, &files.0.options, &parts, Patience::Some).is_some(),
                "{path}"
            );
            let is_ready = |_| match files.answer(request()).0 {
                Kind::Ready(response) => {
                    assert_eq!(response.unwrap().headers()[http::header::CONTENT_LENGTH], length);
                    true
                }
                Kind::Pending(_) => false,
            };
            // The kernel may say no once, when something around the file changes at that moment.
            assert_eq!((0..100).any(is_ready), files.0.source.has_cache(), "{path}");
        }
        fs::remove_dir_all(folder).unwrap();
    }
}
