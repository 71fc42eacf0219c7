// The sources that know their credentials at once, and the search through all of them.
#include "sinks/s3/credential_source.hpp"

#include "sinks/s3/metadata.hpp"
#include "sinks/s3/renewal.hpp"
#include "sinks/s3/shared_files.hpp"

#include <array>
#include <cstdlib>
#include <utility>
#include <vector>

namespace seedhook::s3 {
namespace {

using kind = config::s3_credentials::source_kind;

class config_source final : public credential_source {
public:
    explicit config_source(const config::s3_credentials& settings)
        : given_{settings.access_key_id, settings.secret_access_key, settings.session_token, {}} {}

    awaitable<result<credentials>> get() override {
        if (given_.access_key_id.empty()) {
            co_return error(errc::not_found, "`credentials.access_key_id` is not set");
        }
        co_return fit_to_send(given_);
    }
    void forget() override {}

private:
    credentials given_;
};

class environment_source final : public credential_source {
public:
    explicit environment_source(environment_lookup environment) : environment_(std::move(environment)) {}

    awaitable<result<credentials>> get() override {
        credentials out;
        out.access_key_id = environment_("AWS_ACCESS_KEY_ID").value_or("");
        out.secret_access_key = config::secret(environment_("AWS_SECRET_ACCESS_KEY").value_or(""));
        out.session_token = config::secret(environment_("AWS_SESSION_TOKEN").value_or(""));
        if (out.access_key_id.empty() && out.secret_access_key.empty()) {
            co_return error(errc::not_found, "AWS_ACCESS_KEY_ID is not set");
        }
        if (out.access_key_id.empty() || out.secret_access_key.empty()) {
            co_return error(errc::unauthorized, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY go together: set both");
        }
        co_return fit_to_send(std::move(out));
    }
    void forget() override {}

private:
    environment_lookup environment_;
};

// Both files are read each time, on the disk's threads: they are small, and what somebody has just changed is used at
// once.
class file_source final : public credential_source {
public:
    file_source(config::s3_credentials settings, credential_context with)
        : settings_(std::move(settings)), with_(std::move(with)) {}

    awaitable<result<credentials>> get() override {
        auto reading = [looked_for = search()] { return look(looked_for); };
        co_return co_await with_.disk.run(std::move(reading));
    }
    void forget() override {}

private:
    struct search_plan {
        std::vector<std::pair<std::string, shared_file_kind>> files;
        std::string profile;
        bool named = false; // somebody wants just this one, and no other source
    };

    search_plan search() const {
        const std::string from_environment = with_.environment("AWS_PROFILE").value_or("");
        search_plan out;
        out.named = !settings_.file.empty() || !settings_.profile.empty() || !from_environment.empty();
        out.profile = !settings_.profile.empty() ? settings_.profile : from_environment;
        if (out.profile.empty()) {
            out.profile = "default";
        }
        if (!settings_.file.empty()) {
            out.files.emplace_back(settings_.file, shared_file_kind::credentials);
            return out;
        }
        out.files.emplace_back(path("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"),
                               shared_file_kind::credentials);
        out.files.emplace_back(path("AWS_CONFIG_FILE", "~/.aws/config"), shared_file_kind::config);
        return out;
    }

    std::string path(const std::string& variable, const std::string& usual) const {
        std::string out = with_.environment(variable).value_or("");
        if (out.empty()) {
            out = usual;
        }
        const auto home = with_.environment("HOME");
        return home && !home->empty() && out.starts_with("~/") ? *home + out.substr(1) : out;
    }

    static result<credentials> look(const search_plan& in) {
        std::string looked;
        for (const auto& [path, is] : in.files) {
            looked += looked.empty() ? "" : ", ";
            const auto text =
                path.starts_with("~/") ? error(errc::not_found, path + ": HOME is not set") : read_small_file(path);
            if (!text && text.error().code != errc::not_found) {
                return text.error();
            }
            if (!text) {
                looked += text.error().message;
                continue;
            }
            auto keys = find_keys(*text, is, in.profile);
            if (!keys) {
                return within(path, keys.error());
            }
            if (*keys) {
                return std::move(**keys);
            }
            looked += path + ": no aws_access_key_id for the profile `" + in.profile + "`";
        }
        return error(in.named ? errc::unauthorized : errc::not_found, looked);
    }

    config::s3_credentials settings_;
    credential_context with_;
};

// All sources, in their order: the first that has any, or that ought to have and fails.
class automatic_source final : public credential_source {
public:
    automatic_source(const config::s3_credentials& settings, const credential_context& with);

    awaitable<result<credentials>> get() override {
        std::string looked;
        for (const auto& [name, source] : sources_) {
            auto found = co_await source->get();
            if (found) {
                found_in_ = source.get();
                co_return found;
            }
            // What does not answer at the end of the search may not exist, unless it has answered before.
            const bool exists = source != sources_.back().second || source.get() == found_in_;
            const errc why = found.error().code;
            if (why == errc::cancelled || (why != errc::not_found && exists)) {
                co_return within(name, found.error());
            }
            looked.append(looked.empty() ? "" : "; ").append(name).append(": ").append(found.error().message);
        }
        co_return error(errc::not_found,
                        "no S3 credentials found; give the sink `credentials`, or one of these. " + looked);
    }

    void forget() override {
        for (const auto& [name, source] : sources_) {
            source->forget();
        }
    }

private:
    std::vector<std::pair<std::string, std::shared_ptr<credential_source>>> sources_;
    const credential_source* found_in_ = nullptr; // when last asked
};

std::shared_ptr<credential_source> make_source(kind which, const config::s3_credentials& settings,
                                               const credential_context& with) {
    switch (which) {
    case kind::config:
        return std::make_shared<config_source>(settings);
    case kind::environment:
        return std::make_shared<environment_source>(with.environment);
    case kind::file:
        return std::make_shared<file_source>(settings, with);
    case kind::container:
        return make_renewed_source(make_container_service(with), with.time);
    case kind::instance:
        return make_renewed_source(make_instance_service(with), with.time);
    case kind::automatic:
        break;
    }
    return std::make_shared<automatic_source>(settings, with);
}

automatic_source::automatic_source(const config::s3_credentials& settings, const credential_context& with) {
    constexpr std::array<std::pair<const char*, kind>, 5> order{{{"config", kind::config},
                                                                 {"environment", kind::environment},
                                                                 {"file", kind::file},
                                                                 {"container", kind::container},
                                                                 {"instance", kind::instance}}};
    for (const auto& [name, which] : order) {
        sources_.emplace_back(name, make_source(which, settings, with));
    }
}

} // namespace

std::shared_ptr<credential_source> make_credential_source(const config::s3_credentials& settings,
                                                          credential_context with) {
    return make_source(settings.source, settings, with);
}

environment_lookup process_environment() {
    return [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
    };
}

http::client_settings metadata_client_settings() {
    http::client_settings s;
    s.addresses.public_only = false;
    s.https_only = false;
    s.resolve_timeout = std::chrono::seconds(2);
    s.connect_timeout = std::chrono::seconds(1);
    s.tls_timeout = std::chrono::seconds(2);
    s.header_timeout = std::chrono::seconds(2);
    s.idle_timeout = std::chrono::seconds(2);
    s.total_timeout = std::chrono::seconds(5);
    s.pool_size = 0;
    s.user_agent = "seedhook";
    return s;
}

} // namespace seedhook::s3
