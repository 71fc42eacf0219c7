// The s3 sink under the contract, against a service in memory: with objects in one request and in parts.
#include "fake_bucket.hpp"
#include "seedhook/sinks/s3.hpp"
#include "sink_contract.hpp"
#include "temp_folder.hpp"

#include "seedhook/async/blocking_pool.hpp"

namespace seedhook::test {
namespace {

class s3_under_test final : public sink_under_test {
public:
    explicit s3_under_test(std::uint64_t threshold) {
        config::sink settings;
        settings.name = "archive";
        settings.type = "s3";
        config::s3_sink& s3 = settings.s3.emplace();
        s3.endpoint = "http://127.0.0.1:1";
        s3.bucket = "videos";
        s3.manifest = true;
        s3.multipart_threshold = threshold;
        s3.part_size = std::uint64_t{5} << 20;
        s3.credentials.access_key_id = "id";
        s3.credentials.secret_access_key = config::secret("key");
        s3_context with{bucket_, bucket_, disk_, system_clock(), folder_.path() / "records", {}};
        sink_ = make_s3_sink(settings, std::move(with)).value();
    }

    sink& get() override { return *sink_; }

    std::vector<arrival> arrivals() override {
        std::vector<arrival> all;
        for (const auto& [key, o] : bucket_.objects) {
            if (!key.ends_with(".json")) {
                continue; // whole, as every object is; its document, which comes after it, is what says that it is there
            }
            arrival& one = all.emplace_back();
            one.document = o.body;
            const auto video = bucket_.objects.find(key.substr(0, key.size() - 5));
            if (video != bucket_.objects.end()) {
                one.video_sha256 = crypto::to_hex(crypto::sha256_of(video->second.body));
            }
        }
        return all;
    }

    void break_it() override {
        bucket_.before = [](const fake_bucket::asked& a) -> std::optional<result<http::client_response>> {
            return a.method == "HEAD" ? fake_bucket::answer(404) : fake_bucket::trouble(404, "NoSuchBucket");
        };
    }
    void mend() override { bucket_.before = nullptr; }

private:
    temp_folder folder_;
    fake_bucket bucket_;
    blocking_pool disk_{2};
    std::shared_ptr<sink> sink_;
};

const sink_contract whole_contract("s3_whole", [] { return std::make_unique<s3_under_test>(std::uint64_t{1} << 30); });
const sink_contract parts_contract("s3_parts", [] { return std::make_unique<s3_under_test>(1); });

} // namespace
} // namespace seedhook::test
