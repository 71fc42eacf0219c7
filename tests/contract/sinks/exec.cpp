// The exec sink under the contract: its command is a script that puts what it gets into a folder.
#include "as_hook_runner.hpp"
#include "file_text.hpp"
#include "seedhook/crypto/encoding.hpp"
#include "seedhook/crypto/hash.hpp"
#include "sink_contract.hpp"
#include "temp_folder.hpp"

#include <filesystem>

namespace seedhook::test {
namespace {

namespace fs = std::filesystem;

// What a hook must do, too: build where nobody looks, then make it appear in one step; it may run twice.
constexpr const char* script = R"(#!/bin/sh
set -eu
place=$1/arrived/$SEEDHOOK_DELIVERY_ID
building=$(mktemp -d "$1/building/XXXXXX")
cat >"$building/document"
if [ -n "$SEEDHOOK_FILE" ]; then cp -- "$SEEDHOOK_FILE" "$building/video"; fi
trap '' TERM
mv -T -- "$building" "$place" 2>/dev/null || [ -e "$place/document" ]
)";

class exec_under_test final : public sink_under_test {
public:
    exec_under_test() {
        fs::create_directories(folder_.path() / "arrived");
        fs::create_directories(folder_.path() / "building");
        write_file(program_, script);
        fs::permissions(program_, fs::perms::owner_all);
        config::sink settings;
        settings.name = "ingest";
        settings.type = "exec";
        settings.exec.emplace();
        settings.exec->command = {program_.string(), folder_.path().string()};
        sink_ = make_exec_sink(settings).value();
    }

    sink& get() override { return *sink_; }

    std::vector<arrival> arrivals() override {
        std::vector<arrival> all;
        for (const auto& entry : fs::directory_iterator(folder_.path() / "arrived")) {
            arrival& one = all.emplace_back();
            if (fs::exists(entry.path() / "document")) {
                one.document = read_file(entry.path() / "document");
            }
            if (fs::exists(entry.path() / "video")) {
                one.video_sha256 = crypto::to_hex(crypto::sha256_of(read_file(entry.path() / "video")));
            }
        }
        return all;
    }

    void break_it() override { fs::rename(program_, away_); }
    void mend() override { fs::rename(away_, program_); }

private:
    temp_folder folder_;
    fs::path program_ = folder_.path() / "ingest.sh";
    fs::path away_ = folder_.path() / "gone.sh";
    std::shared_ptr<sink> sink_;
};

const sink_contract exec_contract("exec", [] { return std::make_unique<exec_under_test>(); });

} // namespace
} // namespace seedhook::test
