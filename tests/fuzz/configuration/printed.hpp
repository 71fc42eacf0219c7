// Settings as a configuration file again, with every text given by a variable: what must load to the same.
#pragma once

#include "seedhook/config/config.hpp"
#include "seedhook/config/load.hpp"
#include "seedhook/config/size.hpp"

#include <map>
#include <optional>
#include <string>

namespace seedhook::fuzz {

class printed {
public:
    explicit printed(const config::settings& s) { print(s); }

    const std::string& text() const { return out_; }
    config::variables variables() const {
        config::variables v;
        v.environment = [this](const std::string& name) -> std::optional<std::string> { return environment_.at(name); };
        v.file = [](const std::string&) { return std::nullopt; };
        return v;
    }
    bool operator==(const printed& other) const { return out_ == other.out_ && environment_ == other.environment_; }

private:
    std::string value(std::string text) {
        std::string name = "V" + std::to_string(environment_.size());
        environment_[name] = std::move(text);
        return "\"${env:" + name + "}\"";
    }
    std::string value(bool b) { return value(std::string(b ? "true" : "false")); }
    std::string value(std::uint32_t number) { return value(std::to_string(number)); }
    std::string value(duration d) { return value(to_string(d)); }
    std::string value(std::uint64_t bytes) { return value(config::size_text(bytes)); }
    std::string value(const config::secret& s) { return value(s.reveal()); }
    std::string value(task_status s) { return value(std::string(to_string(s))); }
    template <class T>
    std::string value(const std::vector<T>& list) {
        std::string items;
        for (const T& item : list) {
            items += (items.empty() ? "" : ", ") + value(item);
        }
        return "[" + items + "]";
    }
    std::string null_or(const std::string& text) { return text.empty() ? "null" : value(text); }

    // `key: text, `
    template <class T>
    void put(std::string_view key, const T& of) {
        out_ += std::string(key) + ": " + value(of) + ", ";
    }
    void put_as(std::string_view key, const char* word) { put(key, std::string(word)); }

    void print(const config::listener& l) {
        out_ += "{";
        put("address", l.address);
        put("plaintext", l.plaintext);
        print_tls(l.tls, l.client_ca);
        out_ += "}, ";
    }

    void print_tls(const std::vector<config::tls_files>& tls, const std::string& client_ca) {
        if (tls.empty()) {
            return;
        }
        out_ += "tls: [";
        for (const config::tls_files& files : tls) {
            out_ += "{";
            put("certificate", files.certificate);
            put("key", files.key);
            out_ += "}, ";
        }
        out_ += "], client_ca: " + null_or(client_ca) + ", ";
    }

    void print(const config::source& s) {
        using kind = config::verify_kind;
        out_ += "{";
        put("name", s.name);
        put("path", s.path);
        put_as("verify", s.verify == kind::signature ? "signature"
                         : s.verify == kind::confirm ? "confirm"
                         : s.verify == kind::both    ? "both"
                                                     : "none");
        if (config::is_signed(s.verify)) {
            put("secrets", s.secrets);
            out_ += "signature: {";
            put("header", s.signature.header);
            put_as("encoding", s.signature.encoding == config::signature_scheme::encoding_kind::hex ? "hex" : "base64");
            put("prefix", s.signature.prefix);
            put("content", s.signature.content);
            out_ += "}, ";
        }
        if (s.api) {
            out_ += "api: {";
            put("base_url", s.api->base_url);
            put("key", s.api->key);
            out_ += "}, ";
        }
        out_ += "callback_url: " + null_or(s.callback_url) + "}, ";
    }

    void print(const config::gateway& g) {
        out_ += "gateway: {";
        put("address", g.address);
        put("plaintext", g.plaintext);
        if (!g.token.empty()) {
            put("token", g.token);
        }
        print_tls(g.tls, g.client_ca);
        out_ += "}\n";
    }

    void print(const config::control& c) {
        put("address", c.address);
        put("plaintext", c.plaintext);
        if (!c.token.empty()) {
            put("token", c.token);
        }
        put("hosts", c.hosts);
        print_tls(c.tls, c.client_ca);
    }

    void print_times(const config::settings& s) {
        out_ += "poll: {";
        put("first_after", s.poll.first_after ? to_string(*s.poll.first_after) : "auto");
        put("max_interval", s.poll.max_interval);
        put("give_up_after", s.poll.give_up_after);
        put("requests_per_minute", s.poll.requests_per_minute);
        out_ += "}\nretention: {";
        put("tasks", s.retention.tasks ? to_string(*s.retention.tasks) : "forever");
        put("ids", s.retention.ids ? to_string(*s.retention.ids) : "forever");
        out_ += "}\n";
    }

    void print(const route& r) {
        out_ += "match: {";
        if (!r.sources.empty()) {
            put("source", r.sources);
        }
        if (!r.models.empty()) {
            put("model", r.models);
        }
        out_ += "metadata: {";
        for (const auto& [key, wanted] : r.metadata) {
            out_ += quoted(key) + ": " + value(wanted) + ", ";
        }
        out_ += "}}, ";
    }

    void print(const config::directory_sink& d) {
        using kind = config::directory_sink::conflict_kind;
        put("path", d.path);
        put("file", d.file);
        put_as("on_conflict", d.on_conflict == kind::rename    ? "rename"
                              : d.on_conflict == kind::replace ? "replace"
                                                               : "reject");
        put("manifest", d.manifest);
        put("mode", octal(d.mode));
        out_ += "owner: " + null_or(d.owner) + ", group: " + null_or(d.group) + ", ";
    }

    void print(const config::sink& s) {
        out_ += "{";
        put("name", s.name);
        put("type", s.type);
        put("on", s.routes.on);
        print(s.routes);
        out_ += "retry: {";
        put("max_attempts", s.retries.max_attempts);
        put("min_delay", s.retries.min_delay);
        put("max_delay", s.retries.max_delay);
        out_ += "}, ";
        put("concurrency", s.concurrency);
        print(s.directory.value());
        out_ += "}, ";
    }

    template <class T>
    void print_list(std::string_view key, const std::vector<T>& list) {
        out_ += std::string(key) + ": [";
        for (const T& item : list) {
            print(item);
        }
        out_ += "]\n";
    }

    void print_fetching(const config::settings& s) {
        out_ += "fetch: {";
        put("concurrency", s.fetch.concurrency);
        put("max_bytes", s.fetch.max_bytes);
        put("allow_hosts", s.fetch.allow_hosts);
        put("allow_cidrs", s.fetch.allow_cidrs);
        put_as("check", s.fetch.check == config::fetch::check_kind::mp4 ? "mp4" : "none");
        put("idle_timeout", s.fetch.idle_timeout);
        put("total_timeout", s.fetch.total_timeout);
        out_ += "}\nspool: {";
        put("path", s.spool.path);
        put("max_bytes", s.spool.max_bytes);
        put("min_free", s.spool.min_free);
        out_ += "}\noutbound: {ca_file: " + null_or(s.outbound.ca_file) + ", ";
        put_as("proxy", s.outbound.proxy == config::outbound::proxy_kind::none ? "none" : "env");
        out_ += "}\n";
    }

    void print(const config::settings& s) {
        using level = config::log::level_kind;
        using format = config::log::format_kind;
        print_list("listeners", s.listeners);
        print_list("sources", s.sources);
        print_list("sinks", s.sinks);
        print_times(s);
        print_fetching(s);
        if (s.gateway) {
            print(*s.gateway);
        }
        out_ += "store: {";
        put_as("type", "sqlite");
        put("path", s.store.path);
        out_ += "}\ncontrol: {";
        print(s.control);
        out_ += "}\nreceive: {";
        put("threads", s.receive.threads == 0 ? "auto" : std::to_string(s.receive.threads));
        out_ += "}\nlimits: {";
        put("body", s.limits.body);
        put("connections", s.limits.connections);
        put("header_timeout", s.limits.header_timeout);
        put("idle_timeout", s.limits.idle_timeout);
        out_ += "}\nlog: {";
        put_as("level", s.log.level == level::debug     ? "debug"
                        : s.log.level == level::info    ? "info"
                        : s.log.level == level::warning ? "warning"
                                                        : "error");
        put_as("format", s.log.format == format::automatic ? "auto" : s.log.format == format::text ? "text" : "json");
        out_ += "}\nshutdown_grace: " + value(s.shutdown_grace) + "\n";
    }

    static std::string octal(std::uint32_t mode) {
        char text[16];
        std::snprintf(text, sizeof text, "%04o", mode);
        return text;
    }

    // For keys, in which variables do not work.
    static std::string quoted(const std::string& key) {
        std::string out = "'";
        for (const char c : key) {
            out += c == '\'' ? std::string("''") : std::string(1, c);
        }
        return out + "'";
    }

    std::string out_;
    std::map<std::string, std::string> environment_;
};

} // namespace seedhook::fuzz
