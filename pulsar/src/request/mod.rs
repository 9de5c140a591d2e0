//! What pulsar knows of a request besides the request: the wire it came by, its client, its id, which route it matched.
//!
//! Handlers read it through the extractors here. A request that came from no server, as in a test, has what can be known.
//! Nothing here reads a socket, and a forwarding header is believed only if it comes from a proxy that the settings name.
//!
//! Lowest first: `id`, `method`, `params`, `peer`, `route`, `tls`, `host`, `forwarded`; `connection`, which has all of them; `asker`, `origin`; `extractors`; `websocket`, which knows none.

mod asker;
mod connection;
mod extractors;
mod forwarded;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod host;
mod id;
mod method;
mod origin;
mod params;
mod peer;
mod route;
mod tls;
mod websocket;

#[cfg(feature = "websocket")]
pub(crate) use self::origin::is_same_origin;
#[cfg(feature = "tls")]
pub(crate) use self::tls::ServerNames;
pub(crate) use self::{
    asker::{Arrival, Asker},
    connection::{Trust, Wire, path_values},
    id::X_REQUEST_ID,
    method::is_standard,
    params::Spans,
    route::{Matched, MountedAt, RouteInfo, RouteNames},
    websocket::is_websocket_connect,
};
pub use self::{
    connection::Connection, extractors::ClientAddress, id::RequestId, origin::Origin, params::Params,
    peer::Peer, route::MatchedRoute, tls::Tls,
};
