/// Trains a new model for some steps and writes what another program needs to make the same ones (exported_steps.h):
/// export_steps WORKSPACE FOLDER STEPS [CONFIG] [KEY=VALUE...], CONFIG as nanodit train takes it (default: plan).

#include "core/config/workspace_config.h"
#include "core/config/yaml.h"
#include "core/runs/configurations.h"
#include "core/runtime/compute_info.h"
#include "core/runtime/failure.h"
#include "tests/bench/exported_steps.h"

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

using namespace nanodit;

int main(int argc, char** argv)
{
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    if (arguments.size() < 3) {
        std::fprintf(stderr, "usage: export_steps WORKSPACE FOLDER STEPS [CONFIG] [KEY=VALUE...]\n");
        return 2;
    }
    try {
        setUpCompute({});
        const auto workspace = Workspace::open(arguments[0]);
        auto config = readTrainConfig(configurationFile(arguments.size() > 3 ? arguments[3] : "plan"));
        for (std::size_t i = 4; i < arguments.size(); ++i)
            setField(arguments[i], [&config](FieldVisitor& visitor) { config.visit(visitor); });
        const auto steps = std::stoll(arguments[2]);
        config.schedule.steps = steps;
        bench::exportSteps(ShardSet::open(workspace.shardsFolder() / config.data.shards), config,
                           workspace.config.textTokens, steps, arguments[1]);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "error: %s\n", sentenceOf(error).c_str());
        return 1;
    }
    return 0;
}
