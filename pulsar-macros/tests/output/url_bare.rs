fn link() -> Url {
    {
        static ROUTE: ::pulsar::__private::UrlRoute = ::pulsar::__private::UrlRoute::new();
        let mut values = ::pulsar::__private::UrlValues::new();
        ::pulsar::__private::RouteUrl::url(home_url {}, &ROUTE, values)
    }
}
