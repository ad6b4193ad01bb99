from gateway.edge.routing import PREFIXES, match


def test_every_prefix_leads_to_its_service_with_and_without_more_path():
    for service, prefixes in PREFIXES.items():
        for prefix in prefixes:
            assert match(prefix) == (service, prefix)
            assert match(prefix + "/a/b.pdf") == (service, prefix)


def test_only_whole_segments_count():
    for path in (
        "/v1/projectsX",
        "/v1",
        "/v1/",
        "/",
        "",
        "/v2/projects",
        "/x/v1/projects",
        "/v1/totals",
        "/v1/totals/other",
        "/v1/partners",
        "/healthz",
    ):
        assert match(path) is None, path
