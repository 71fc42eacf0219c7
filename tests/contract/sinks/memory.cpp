// The test double under the contract.
#include "memory_sink.hpp"
#include "sink_contract.hpp"

namespace seedhook::test {
namespace {

class memory_under_test final : public sink_under_test {
public:
    sink& get() override { return sink_; }

    std::vector<arrival> arrivals() override {
        std::vector<arrival> all;
        for (const auto& [id, kept] : sink_.results) {
            arrival& one = all.emplace_back();
            one.document = kept.document;
            if (kept.video) {
                one.video_sha256 = crypto::to_hex(crypto::sha256_of(*kept.video));
            }
        }
        return all;
    }

    void break_it() override { sink_.down = true; }
    void mend() override { sink_.down = false; }

private:
    memory_sink sink_{"memory"};
};

const sink_contract memory_contract("memory", [] { return std::make_unique<memory_under_test>(); });

} // namespace
} // namespace seedhook::test
