// Settings as words and as JSON: addresses, names, paths and limits; of secrets only how many there are.
#include "cli/check_text.hpp"

#include "cli/table.hpp"
#include "seedhook/config/size.hpp"
#include "seedhook/http/url.hpp"
#include "seedhook/model/text.hpp"

#include <boost/json.hpp>

#include <cstdio>

namespace seedhook::cli {
namespace {

namespace json = boost::json;

std::string plural(std::size_t count, const std::string& noun) {
    return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string_view word(config::verify_kind v) {
    using kind = config::verify_kind;
    return v == kind::none ? "none" : v == kind::confirm ? "confirm" : v == kind::both ? "both" : "signature";
}

std::string_view word(config::directory_sink::conflict_kind c) {
    using kind = config::directory_sink::conflict_kind;
    return c == kind::rename ? "rename" : c == kind::replace ? "replace" : "reject";
}

std::string_view word(config::signature_scheme::encoding_kind e) {
    return e == config::signature_scheme::encoding_kind::hex ? "hex" : "base64";
}

std::string octal(std::uint32_t mode) {
    char text[16];
    std::snprintf(text, sizeof text, "%04o", mode);
    return text;
}

std::string joined(const std::vector<std::string>& texts) {
    std::string out;
    for (const std::string& text : texts) {
        out += (out.empty() ? "" : ", ") + text;
    }
    return out;
}

std::string statuses(const route& r) {
    std::vector<std::string> words;
    for (const task_status s : r.on) {
        words.emplace_back(to_string(s));
    }
    return joined(words);
}

std::string choice_of(const route& r) {
    std::string out = "on " + statuses(r);
    out += r.sources.empty() ? "" : "; source " + joined(r.sources);
    out += r.models.empty() ? "" : "; model " + joined(r.models);
    for (const auto& [key, value] : r.metadata) {
        out += "; metadata " + key + "=" + value;
    }
    return out;
}

std::string proof_of(const config::source& s) {
    if (s.verify == config::verify_kind::none) {
        return "not verified";
    }
    if (s.verify == config::verify_kind::confirm) {
        return "confirmed by the API";
    }
    return "signature in " + s.signature.header + " (" + std::string(word(s.signature.encoding)) + ", " +
           plural(s.secrets.size(), "secret") + ")" +
           (s.verify == config::verify_kind::both ? ", and confirmed by the API" : "");
}

std::string tls_text(const std::vector<config::tls_files>& tls, const std::string& client_ca) {
    if (tls.empty()) {
        return "no TLS";
    }
    std::vector<std::string> certificates;
    for (const config::tls_files& files : tls) {
        certificates.push_back(files.certificate);
    }
    return "TLS, certificate " + joined(certificates) +
           (client_ca.empty() ? "" : "; for clients with a certificate of " + client_ca);
}

text_table inbound_table(const config::settings& s) {
    text_table t({});
    for (const config::listener& l : s.listeners) {
        t.add_row({"  listener", l.address, tls_text(l.tls, l.client_ca), l.proxy_protocol ? "PROXY protocol" : ""});
    }
    for (const config::source& source : s.sources) {
        t.add_row({"  source", source.name, "POST " + source.path, proof_of(source)});
    }
    if (s.gateway) {
        t.add_row({"  gateway", s.gateway->address, tls_text(s.gateway->tls, s.gateway->client_ca),
                   s.gateway->token.empty() ? "no token" : "with a token"});
    }
    return t;
}

// Scheme and host: what follows may be as good as a key.
std::string host_of(const std::string& url) {
    const auto place = http::parse_url(url);
    return place ? place->scheme + "://" + place->authority() : std::string("?");
}

std::string destination_of(const config::sink& k) {
    if (k.exec) {
        return "runs " + k.exec->command.front();
    }
    if (k.s3) {
        return k.s3->bucket + "/" + k.s3->key;
    }
    if (k.webhook) {
        return "posts to " + host_of(k.webhook->url);
    }
    return k.directory->path + "/" + k.directory->file;
}

text_table outbound_table(const config::settings& s) {
    text_table t({});
    for (const config::sink& k : s.sinks) {
        t.add_row({"  sink", k.name, destination_of(k), choice_of(k.routes)});
    }
    t.add_row({"  fetch", plural(s.fetch.concurrency, "video") + " at a time",
               "at most " + config::size_text(s.fetch.max_bytes) + " each",
               s.fetch.allow_hosts.empty() ? "from any public host" : "from " + joined(s.fetch.allow_hosts)});
    t.add_row({"  spool", s.spool.path, "at most " + config::size_text(s.spool.max_bytes),
               config::size_text(s.spool.min_free) + " kept free"});
    t.add_row({"  store", s.store.path, "sqlite"});
    t.add_row({"  control", s.control.address, tls_text(s.control.tls, s.control.client_ca),
               s.control.token.empty() ? "no token" : "needs its token"});
    return t;
}

json::array tls_json(const std::vector<config::tls_files>& tls) {
    json::array out;
    for (const config::tls_files& files : tls) {
        out.push_back(json::object{{"certificate", files.certificate}, {"key", files.key}});
    }
    return out;
}

json::value text_or_null(const std::string& text) { return text.empty() ? json::value(nullptr) : json::value(text); }

std::string span_text(const std::optional<duration>& d, const char* none) { return d ? to_string(*d) : none; }

json::object poll_json(const config::poll& p) {
    return {{"firstAfter", span_text(p.first_after, "auto")},
            {"maxInterval", to_string(p.max_interval)},
            {"giveUpAfter", to_string(p.give_up_after)},
            {"requestsPerMinute", p.requests_per_minute}};
}

json::value gateway_json(const std::optional<config::gateway>& g) {
    if (!g) {
        return nullptr;
    }
    return json::object{{"address", g->address},
                        {"token", !g->token.empty()},
                        {"tls", tls_json(g->tls)},
                        {"clientCa", text_or_null(g->client_ca)},
                        {"plaintext", g->plaintext}};
}

json::object source_json(const config::source& s) {
    json::object out{{"name", s.name}, {"path", s.path}, {"verify", word(s.verify)}, {"secrets", s.secrets.size()}};
    if (config::is_signed(s.verify)) {
        out["signature"] = json::object{{"header", s.signature.header},
                                        {"encoding", word(s.signature.encoding)},
                                        {"prefix", s.signature.prefix},
                                        {"content", s.signature.content}};
    }
    out["api"] = s.api ? json::value(json::object{{"baseUrl", s.api->base_url}}) : json::value(nullptr);
    out["callbackUrl"] = text_or_null(s.callback_url.substr(0, s.callback_url.find('?'))); // a query may be a key
    return out;
}

json::array texts_json(const std::vector<std::string>& texts) { return json::array(texts.begin(), texts.end()); }

json::object destination_json(const config::sink& k) {
    if (k.exec) {
        return {{"command", k.exec->command.front()}};
    }
    if (k.s3) {
        return {{"endpoint", k.s3->endpoint}, {"region", k.s3->region}, {"bucket", k.s3->bucket}, {"key", k.s3->key}};
    }
    if (k.webhook) {
        return {{"url", host_of(k.webhook->url)},
                {"secrets", k.webhook->secrets.size()},
                {"internal", k.webhook->internal}};
    }
    const config::directory_sink& d = *k.directory;
    return {{"path", d.path},
            {"file", d.file},
            {"onConflict", word(d.on_conflict)},
            {"mode", octal(d.mode)},
            {"manifest", d.manifest}};
}

json::object sink_json(const config::sink& k) {
    json::array on;
    for (const task_status s : k.routes.on) {
        on.emplace_back(to_string(s));
    }
    json::object metadata;
    for (const auto& [key, value] : k.routes.metadata) {
        metadata[key] = value;
    }
    json::object match{{"source", texts_json(k.routes.sources)}, {"model", texts_json(k.routes.models)}};
    match["metadata"] = std::move(metadata);
    json::object retry{{"maxAttempts", k.retries.max_attempts},
                       {"minDelay", to_string(k.retries.min_delay)},
                       {"maxDelay", to_string(k.retries.max_delay)}};
    json::object out = destination_json(k);
    out["name"] = k.name;
    out["type"] = k.type;
    out["concurrency"] = k.concurrency;
    out["on"] = std::move(on);
    out["match"] = std::move(match);
    out["retry"] = std::move(retry);
    return out;
}

json::object settings_json(const config::settings& s) {
    json::array listeners;
    for (const config::listener& l : s.listeners) {
        listeners.push_back(json::object{{"address", l.address},
                                         {"tls", tls_json(l.tls)},
                                         {"clientCa", text_or_null(l.client_ca)},
                                         {"plaintext", l.plaintext},
                                         {"proxyProtocol", l.proxy_protocol}});
    }
    json::array sources;
    for (const config::source& source : s.sources) {
        sources.push_back(source_json(source));
    }
    json::array sinks;
    for (const config::sink& k : s.sinks) {
        sinks.push_back(sink_json(k));
    }
    json::object out;
    out["listeners"] = std::move(listeners);
    out["sources"] = std::move(sources);
    out["fetch"] = json::object{{"concurrency", s.fetch.concurrency},
                                {"maxBytes", s.fetch.max_bytes},
                                {"allowHosts", texts_json(s.fetch.allow_hosts)},
                                {"allowCidrs", texts_json(s.fetch.allow_cidrs)},
                                {"check", s.fetch.check == config::fetch::check_kind::mp4 ? "mp4" : "none"}};
    out["spool"] = json::object{{"path", s.spool.path}, {"maxBytes", s.spool.max_bytes}, {"minFree", s.spool.min_free}};
    out["sinks"] = std::move(sinks);
    out["poll"] = poll_json(s.poll);
    out["gateway"] = gateway_json(s.gateway);
    out["retention"] = json::object{{"tasks", span_text(s.retention.tasks, "forever")},
                                    {"ids", span_text(s.retention.ids, "forever")}};
    out["store"] = json::object{{"type", "sqlite"}, {"path", s.store.path}};
    out["control"] = json::object{{"address", s.control.address},
                                  {"token", !s.control.token.empty()},
                                  {"hosts", texts_json(s.control.hosts)},
                                  {"tls", tls_json(s.control.tls)},
                                  {"plaintext", s.control.plaintext}};
    return out;
}

} // namespace

std::string check_text(const std::string& file, const config::settings& s) {
    std::string out = printable(file) + " is right. With it seedhook\n\ntakes callbacks:\n";
    out += inbound_table(s).to_string();
    out += "\nand brings the videos to " + plural(s.sinks.size(), "sink") + ":\n";
    out += outbound_table(s).to_string();
    for (const std::string& w : config::warnings(s)) {
        out += "\nwarning: " + printable(w);
    }
    return out + (out.ends_with('\n') ? "" : "\n");
}

std::string check_json(const config::loaded& l) {
    json::array mistakes;
    for (const config::mistake& m : l.mistakes) {
        mistakes.push_back(json::object{
            {"file", m.file}, {"line", m.line}, {"column", m.column}, {"key", m.key}, {"message", m.message}});
    }
    json::object out;
    out["ok"] = l.value.has_value();
    out["mistakes"] = std::move(mistakes);
    out["warnings"] = l.value ? texts_json(config::warnings(*l.value)) : json::array();
    out["settings"] = l.value ? json::value(settings_json(*l.value)) : json::value(nullptr);
    return json::serialize(out);
}

} // namespace seedhook::cli
