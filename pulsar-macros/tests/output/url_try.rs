fn link() -> Url {
    {
        let mut values = my_framework::pulsar::__private::UrlValues::new();
        my_framework::pulsar::__private::RouteUrl::try_url(
            type_url {
                r#in: match (7) {
                    value => {
                        values
                            .push(
                                "in",
                                my_framework::pulsar::__private::UrlValue::url_text(&value),
                            );
                        value
                    }
                },
            },
            values,
        )
    }
}
