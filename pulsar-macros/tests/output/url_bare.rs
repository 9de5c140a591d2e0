fn link() -> Url {
    {
        let mut values = ::pulsar::__private::UrlValues::new();
        ::pulsar::__private::RouteUrl::url(home_url {}, values)
    }
}
