//! The handle that a worker has on the others.

use std::{
    fmt,
    sync::{Arc, OnceLock, Weak},
    time::Duration,
};

use serde::{Serialize, de::DeserializeOwned};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot},
    time::{Instant, timeout_at},
};

use super::{
    built_in,
    error::ClusterError,
    link::{MOST_BYTES, Outgoing, PLACES},
    refusal::{Answered, Refusal},
    target::Target,
};
use crate::{body::BoxFuture, task, worker::Worker};

/// How long an answer is waited for.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Runs a handler of this worker: its name, its payload.
pub(crate) type Dispatch = Box<dyn Fn(String, Vec<u8>) -> BoxFuture<'static, Answered> + Send + Sync>;

/// The workers of the program, as one of them sees them. It is always there as state.
///
/// See the [module](crate::cluster) for what can be sent and what comes back.
///
/// ```
/// use pulsar::{Json, Result, State, Worker, cluster::{Cluster, Target}, get};
///
/// #[get("/ping/<int:slot>")]
/// async fn ping(slot: usize, cluster: State<Cluster>) -> Result<String> {
///     Ok(cluster.ask::<String>(Target::Slot(slot), "ping", &()).await?)
/// }
///
/// #[get("/workers")]
/// async fn workers(cluster: State<Cluster>) -> Result<Json<Vec<Worker>>> {
///     Ok(Json(cluster.workers().await?))
/// }
/// ```
#[derive(Clone)]
pub struct Cluster {
    inner: Arc<Inner>,
    timeout: Duration,
}

struct Inner {
    worker: Worker,
    /// What this worker answers; until that is known, what every worker answers.
    here: OnceLock<Dispatch>,
    /// How many messages may wait for the handlers of this worker.
    places: Arc<Semaphore>,
    /// The workers of other applications in this process. They go away with their applications, not with this one.
    neighbours: OnceLock<Vec<Weak<Inner>>>,
    /// The way to the others, if there are any.
    arbiter: Option<mpsc::Sender<Outgoing>>,
}

impl Cluster {
    /// The cluster of a program without worker processes: this worker is the only one. Tests can use it as well.
    ///
    /// ```
    /// use pulsar::{Worker, cluster::{Cluster, Target}, testing::block_on};
    ///
    /// let cluster = Cluster::alone(Worker::new("shop", 0, 1));
    /// block_on(async {
    ///     assert_eq!(cluster.workers().await.unwrap(), [cluster.me().clone()]);
    ///     assert_eq!(cluster.broadcast("news", &"none").await.unwrap(), 0);
    ///     assert!(cluster.ask::<String>(Target::Any, "ping", &()).await.is_err());
    /// });
    /// ```
    pub fn alone(worker: Worker) -> Self {
        Self::new(worker, None)
    }

    /// The cluster of a worker that reaches the others by a channel of [`PLACES`] places.
    pub(crate) fn linked(worker: Worker) -> (Self, mpsc::Receiver<Outgoing>) {
        let (sender, receiver) = mpsc::channel(PLACES);
        (Self::new(worker, Some(sender)), receiver)
    }

    fn new(worker: Worker, arbiter: Option<mpsc::Sender<Outgoing>>) -> Self {
        let places = Arc::new(Semaphore::new(PLACES));
        let inner = Inner { worker, here: OnceLock::new(), places, neighbours: OnceLock::new(), arbiter };
        Self { inner: Arc::new(inner), timeout: TIMEOUT }
    }

    /// Lets the applications of one process reach one another without an arbiter.
    pub(crate) fn introduce(clusters: &[Self]) {
        for (n, cluster) in clusters.iter().enumerate() {
            let others = clusters.iter().enumerate().filter(|(other, _)| *other != n);
            let others = others.map(|(_, other)| Arc::downgrade(&other.inner)).collect();
            // Whoever has neighbours keeps those.
            let _ = cluster.inner.neighbours.set(others);
        }
    }

    /// Says what this worker answers, once.
    pub(crate) fn answer_with(&self, dispatch: Dispatch) {
        // A second set of handlers would be for a second context of one worker, which nobody makes.
        let _ = self.inner.here.set(dispatch);
    }

    /// The worker that this code runs in.
    ///
    /// ```
    /// use pulsar::{Worker, cluster::Cluster};
    /// assert_eq!(Cluster::alone(Worker::new("shop", 2, 1)).me().slot(), 2);
    /// ```
    pub fn me(&self) -> &Worker {
        &self.inner.worker
    }

    /// The same cluster with another patience: how long an answer, or a place in a queue, is waited for. It is 30 s else.
    ///
    /// ```
    /// use std::time::Duration;
    /// use pulsar::{State, cluster::{Cluster, ClusterError, Target}, get};
    ///
    /// #[get("/quick")]
    /// async fn quick(cluster: State<Cluster>) -> Result<String, pulsar::Error> {
    ///     let quick = cluster.timeout(Duration::from_millis(200));
    ///     Ok(quick.ask::<String>(Target::Any, "ping", &()).await?)
    /// }
    /// ```
    #[must_use]
    pub fn timeout(&self, timeout: Duration) -> Self {
        Self { inner: Arc::clone(&self.inner), timeout }
    }

    /// The ready workers of this application.
    ///
    /// # Errors
    ///
    /// When the arbiter does not say.
    ///
    /// ```
    /// # use pulsar::{Worker, cluster::Cluster, testing::block_on};
    /// # let cluster = Cluster::alone(Worker::new("shop", 0, 1));
    /// # block_on(async {
    /// for worker in cluster.workers().await? {
    ///     println!("{worker} is process {}", worker.pid());
    /// }
    /// # Ok::<(), pulsar::cluster::ClusterError>(())
    /// # }).unwrap();
    /// ```
    pub async fn workers(&self) -> Result<Vec<Worker>, ClusterError> {
        let Some(arbiter) = &self.inner.arbiter else { return Ok(vec![self.me().clone()]) };
        let outgoing = |ready| Outgoing::Workers { ready };
        self.by_arbiter(arbiter, &Target::Any, "workers", self.deadline(), outgoing).await
    }

    /// Sends a message to a worker and waits for what its handler answers.
    ///
    /// # Errors
    ///
    /// When there is no answer: [`ClusterError`] says whose fault it is.
    ///
    /// ```
    /// # use pulsar::{Worker, cluster::{Cluster, Target}, testing::block_on};
    /// # let cluster = Cluster::alone(Worker::new("shop", 0, 1));
    /// # block_on(async {
    /// let same: Vec<u8> = cluster.ask(Target::Me, "echo", &[1, 2]).await?;
    /// assert_eq!(same, [1, 2]);
    /// # Ok::<(), pulsar::cluster::ClusterError>(())
    /// # }).unwrap();
    /// ```
    pub async fn ask<A: DeserializeOwned>(
        &self,
        target: Target,
        name: &str,
        payload: &(impl Serialize + ?Sized),
    ) -> Result<A, ClusterError> {
        let deadline = self.deadline();
        let payload = written(name, payload)?;
        let answer = match &self.inner.arbiter {
            _ if self.is_me(&target) => self.ask_here(self, &target, name, payload, deadline).await?,
            None => {
                let neighbour = self.neighbour(&target)?;
                self.ask_here(&neighbour, &target, name, payload, deadline).await?
            }
            Some(arbiter) => {
                let outgoing = |answer| Outgoing::Call {
                    target: target.clone(),
                    name: name.to_owned(),
                    payload,
                    answer,
                };
                self.by_arbiter(arbiter, &target, name, deadline, outgoing).await?
            }
        };
        serde_json::from_slice(&answer)
            .map_err(|source| ClusterError::Answer { name: name.to_owned(), source })
    }

    /// Sends a message to a worker and waits until it is in the queue of that worker. What its handler returns is dropped;
    /// an error of it is logged there.
    ///
    /// # Errors
    ///
    /// When it is not delivered.
    ///
    /// ```
    /// # use pulsar::{Worker, cluster::{Cluster, Target}, testing::block_on};
    /// # let cluster = Cluster::alone(Worker::new("shop", 0, 1));
    /// # block_on(cluster.send(Target::Me, "echo", "the front page")).unwrap();
    /// # async fn example(cluster: Cluster) -> Result<(), pulsar::cluster::ClusterError> {
    /// cluster.send(Target::Slot(0), "cache.clear", "the front page").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn send(
        &self,
        target: Target,
        name: &str,
        payload: &(impl Serialize + ?Sized),
    ) -> Result<(), ClusterError> {
        let deadline = self.deadline();
        let payload = written(name, payload)?;
        // Nobody waits for the answer.
        let answer = oneshot::channel().0;
        match &self.inner.arbiter {
            _ if self.is_me(&target) => self.queue(name, payload, deadline, answer).await,
            None => self.neighbour(&target)?.queue(name, payload, deadline, answer).await,
            Some(arbiter) => {
                let outgoing = |delivered| Outgoing::Send {
                    target: target.clone(),
                    name: name.to_owned(),
                    payload,
                    delivered,
                };
                self.by_arbiter(arbiter, &target, name, deadline, outgoing).await
            }
        }
    }

    /// Sends a message to all other ready workers of this application, and tells how many it was delivered to.
    ///
    /// # Errors
    ///
    /// When the arbiter does not pass it on. A worker whose queue is full is left out of the number.
    ///
    /// ```
    /// # use pulsar::{Worker, cluster::Cluster, testing::block_on};
    /// # let cluster = Cluster::alone(Worker::new("shop", 0, 1));
    /// # block_on(async {
    /// let reached = cluster.broadcast("cache.clear", "the front page").await?;
    /// println!("{reached} others clear their caches");
    /// # Ok::<(), pulsar::cluster::ClusterError>(())
    /// # }).unwrap();
    /// ```
    pub async fn broadcast(
        &self,
        name: &str,
        payload: &(impl Serialize + ?Sized),
    ) -> Result<usize, ClusterError> {
        let deadline = self.deadline();
        let payload = written(name, payload)?;
        let Some(arbiter) = &self.inner.arbiter else { return Ok(0) };
        let outgoing = |reached| Outgoing::Broadcast { name: name.to_owned(), payload, reached };
        self.by_arbiter(arbiter, &Target::Any, name, deadline, outgoing).await
    }

    fn deadline(&self) -> Instant {
        // A patience that no clock can count is one of a century.
        let century = Duration::from_secs(100 * 365 * 24 * 60 * 60);
        Instant::now() + self.timeout.min(century)
    }

    fn is_me(&self, target: &Target) -> bool {
        let me = self.me();
        match target {
            Target::Me => true,
            Target::Slot(slot) => *slot == me.slot(),
            Target::App(app, slot) => app == me.app() && *slot == me.slot(),
            Target::Any => false,
        }
    }

    /// The worker of another application in this process, or why there is none.
    fn neighbour(&self, target: &Target) -> Result<Self, ClusterError> {
        let me = self.me();
        let no_worker =
            |ready: &Worker| ClusterError::NoWorker { target: target.clone(), ready: vec![ready.slot()] };
        let Target::App(app, slot) = target else { return Err(no_worker(me)) };
        if app == me.app() {
            return Err(no_worker(me));
        }
        let neighbours = self.inner.neighbours.get().into_iter().flatten().filter_map(Weak::upgrade);
        let mut known = vec![me.app().to_owned()];
        for inner in neighbours {
            if inner.worker.app() == app && inner.worker.slot() == *slot {
                return Ok(Self { inner, timeout: self.timeout });
            }
            if inner.worker.app() == app {
                return Err(no_worker(&inner.worker));
            }
            known.push(inner.worker.app().to_owned());
        }
        Err(ClusterError::NoApp { app: app.clone(), known })
    }

    /// Hands something over and waits for what comes back.
    async fn by_arbiter<T>(
        &self,
        arbiter: &mpsc::Sender<Outgoing>,
        target: &Target,
        name: &str,
        deadline: Instant,
        outgoing: impl FnOnce(oneshot::Sender<Result<T, Refusal>>) -> Outgoing,
    ) -> Result<T, ClusterError> {
        let (reply, replied) = oneshot::channel();
        let place = match timeout_at(deadline, arbiter.reserve()).await {
            Ok(Ok(place)) => place,
            Ok(Err(_closed)) => return Err(ClusterError::Gone),
            Err(_elapsed) => return Err(ClusterError::Busy { name: name.to_owned() }),
        };
        place.send(outgoing(reply));
        self.replied(target, name, deadline, replied).await
    }

    async fn replied<T>(
        &self,
        target: &Target,
        name: &str,
        deadline: Instant,
        replied: oneshot::Receiver<Result<T, Refusal>>,
    ) -> Result<T, ClusterError> {
        match timeout_at(deadline, replied).await {
            Ok(Ok(Ok(value))) => Ok(value),
            Ok(Ok(Err(refusal))) => Err(ClusterError::refused(refusal, target, name)),
            Ok(Err(_dropped)) => Err(ClusterError::Gone),
            Err(_elapsed) => Err(ClusterError::TimedOut { name: name.to_owned(), after: self.timeout }),
        }
    }

    /// Asks a worker of this process.
    async fn ask_here(
        &self,
        worker: &Self,
        target: &Target,
        name: &str,
        payload: Vec<u8>,
        deadline: Instant,
    ) -> Result<Vec<u8>, ClusterError> {
        let (answer, answered) = oneshot::channel();
        worker.queue(name, payload, deadline, answer).await?;
        self.replied(target, name, deadline, answered).await
    }

    /// Has this worker handle a message as soon as there is a place in its queue.
    async fn queue(
        &self,
        name: &str,
        payload: Vec<u8>,
        deadline: Instant,
        answer: oneshot::Sender<Answered>,
    ) -> Result<(), ClusterError> {
        let place = timeout_at(deadline, Arc::clone(&self.inner.places).acquire_owned());
        let Ok(Ok(place)) = place.await else { return Err(ClusterError::Busy { name: name.to_owned() }) };
        self.handle(place, name.to_owned(), payload, answer);
        Ok(())
    }

    /// Has this worker handle a message that came from another process. Where nobody waits for the answer, the other end
    /// of `answer` has been dropped: an error is then logged.
    ///
    /// # Errors
    ///
    /// Refuses at once when the queue is full, since whoever receives messages cannot wait.
    pub(crate) fn receive(
        &self,
        name: String,
        payload: Vec<u8>,
        answer: oneshot::Sender<Answered>,
    ) -> Result<(), Refusal> {
        let place = Arc::clone(&self.inner.places).try_acquire_owned().map_err(|_| Refusal::Busy)?;
        self.handle(place, name, payload, answer);
        Ok(())
    }

    /// A handler is a task of its own: whoever asked may go away, and does not stop it.
    fn handle(
        &self,
        place: OwnedSemaphorePermit,
        name: String,
        payload: Vec<u8>,
        answer: oneshot::Sender<Answered>,
    ) {
        let work: BoxFuture<'static, Answered> = if let Some(dispatch) = self.inner.here.get() {
            dispatch(name.clone(), payload)
        } else {
            let refusal = Refusal::NoHandler { known: built_in::NAMES.map(str::to_owned).into() };
            let answered = built_in::answer(self.me(), &name, &payload).unwrap_or(Err(refusal));
            Box::pin(async move { answered })
        };
        task::spawn(async move {
            let answered = work.await;
            drop(place);
            // Nobody waits for it: then the log is the only one who can tell.
            if let Err(Err(refusal)) = answer.send(answered) {
                tracing::error!("{}", ClusterError::refused(refusal, &Target::Me, &name));
            }
        });
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster")
            .field("me", self.me())
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

fn written(name: &str, payload: &(impl Serialize + ?Sized)) -> Result<Vec<u8>, ClusterError> {
    let name = || name.to_owned();
    let payload =
        serde_json::to_vec(payload).map_err(|source| ClusterError::Payload { name: name(), source })?;
    if payload.len() > MOST_BYTES {
        return Err(ClusterError::TooLarge { name: name(), what: "payload", bytes: payload.len() });
    }
    Ok(payload)
}
