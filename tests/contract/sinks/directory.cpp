// The directory sink under the contract.
#include "seedhook/sinks/directory.hpp"
#include "file_text.hpp"
#include "seedhook/crypto/encoding.hpp"
#include "seedhook/crypto/hash.hpp"
#include "sink_contract.hpp"
#include "temp_folder.hpp"

#include <filesystem>

namespace seedhook::test {
namespace {

namespace fs = std::filesystem;

class directory_under_test final : public sink_under_test {
public:
    explicit directory_under_test(bool link) {
        fs::create_directory(target_);
        config::sink settings;
        settings.name = "library";
        settings.type = "directory";
        settings.directory.emplace();
        settings.directory->path = target_.string();
        settings.directory->file = "{date}/{model}/{requestId}.{ext}";
        settings.directory->manifest = true;
        settings.directory->link = link;
        sink_ = make_directory_sink(settings, disk_).value();
    }
    ~directory_under_test() override { disk_.join(); }

    sink& get() override { return *sink_; }

    std::vector<arrival> arrivals() override {
        std::vector<arrival> all;
        for (const auto& entry : fs::recursive_directory_iterator(target_)) {
            const fs::path& file = entry.path();
            if (entry.is_directory() || file.string().find("/.seedhook-staging/") != std::string::npos) {
                continue;
            }
            fs::path video = file;
            if (file.extension() != ".json") {
                if (!fs::exists(file.string() + ".json")) {
                    all.emplace_back(); // without its manifest
                }
                continue;
            }
            video.replace_extension();
            arrival& one = all.emplace_back();
            one.document = read_file(file);
            if (fs::exists(video)) {
                one.video_sha256 = crypto::to_hex(crypto::sha256_of(read_file(video)));
            }
        }
        return all;
    }

    void break_it() override { fs::rename(target_, away_); }
    void mend() override { fs::rename(away_, target_); }

private:
    temp_folder folder_;
    fs::path target_ = folder_.path() / "videos";
    fs::path away_ = folder_.path() / "unmounted";
    blocking_pool disk_{3};
    std::shared_ptr<sink> sink_;
};

const sink_contract directory_contract("directory", [] { return std::make_unique<directory_under_test>(true); });
const sink_contract copied_contract("directory_that_copies", [] { return std::make_unique<directory_under_test>(false); });

} // namespace
} // namespace seedhook::test
