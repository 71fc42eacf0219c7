// `seedhook sign`: the header that makes a callback genuine, to test with curl.
#include "cli/command.hpp"
#include "cli/input.hpp"
#include "seedhook/config/load.hpp"
#include "seedhook/model/text.hpp"
#include "seedhook/seedance/signature.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace seedhook::cli {
namespace {

struct sign_options {
    std::string file;
    std::string source;
    std::string body = "-";
    std::vector<std::string> headers;
    bool value_only = false;
};

failure failed(std::string why) { return {exit_failed, "seedhook: " + printable(why) + "\n"}; }

attempt<const config::source*> source_of(const config::settings& s, const std::string& name) {
    if (name.empty() && s.sources.size() == 1) {
        return &s.sources.front();
    }
    if (name.empty()) {
        return failure(exit_usage, "seedhook: there are several sources: name one with --source\n");
    }
    const auto found =
        std::find_if(s.sources.begin(), s.sources.end(), [&](const config::source& one) { return one.name == name; });
    if (found == s.sources.end()) {
        return failed("there is no source " + name);
    }
    return &*found;
}

// `Name: value`; the views point into `text`.
attempt<http::field_view> header_of(std::string_view text) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos || colon == 0) {
        return failure(exit_usage, "seedhook: --header needs `Name: value`\n");
    }
    std::string_view value = text.substr(colon + 1);
    value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
    return http::field_view{text.substr(0, colon), value};
}

attempt<std::string> signature_line(const sign_options& o) {
    const config::loaded l = config::load_file(o.file, config::variables::of_this_process());
    if (!l.value) {
        return configuration_failure(l);
    }
    const auto source = source_of(*l.value, o.source);
    if (!source) {
        return source.error();
    }
    if ((*source)->secrets.empty()) {
        return failed("source " + (*source)->name + " has `verify: none`: its callbacks are not signed");
    }
    http::request callback;
    for (const std::string& text : o.headers) {
        const auto header = header_of(text);
        if (!header) {
            return header.error();
        }
        callback.fields.push_back(*header);
    }
    const auto body = read_input(o.body);
    if (!body) {
        return body.error();
    }
    callback.body = *body;
    const config::signature_scheme& scheme = (*source)->signature;
    const auto value = seedance::sign(scheme, (*source)->secrets.front(), callback);
    if (!value) {
        return failed(value.error().message + "; give it with --header");
    }
    return o.value_only ? *value : scheme.header + ": " + *value;
}

int sign(const sign_options& o) {
    const auto line = signature_line(o);
    if (!line) {
        return report(line.error());
    }
    std::cout << *line << '\n';
    return exit_done;
}

} // namespace

command add_sign(CLI::App& to) {
    auto o = std::make_shared<sign_options>();
    CLI::App* app = to.add_subcommand("sign", "Print the signature header for a callback's body, to test with curl");
    add_config_option(*app, o->file);
    app->add_option("--source", o->source, "whose scheme and first secret to use; not needed when there is only one")
        ->type_name("NAME");
    app->add_option("--body", o->body, "the body, byte for byte; - is standard input")
        ->type_name("FILE")
        ->capture_default_str();
    app->add_option("--header", o->headers, "a header that the signed content names: 'Name: value'; may be repeated")
        ->type_name("TEXT")
        ->allow_extra_args(false);
    app->add_flag("--value-only", o->value_only, "print the value without the header's name");
    app->footer("curl -H \"$(seedhook sign --body callback.json)\" --data-binary @callback.json "
                "http://127.0.0.1:8443/hooks/seedance");
    return {app, [o] { return sign(*o); }};
}

} // namespace seedhook::cli
