#include "app/cli/compute_options.h"

#include "app/cli/number_checks.h"
#include "core/runtime/compute_info.h"
#include "core/runtime/torch_version.h"

#include <cstdio>

namespace nanodit::cli {

void addComputeOptions(CLI::App& app, Options& options)
{
    app.add_option("--device", options.device.device,
                   "auto (the first GPU that can be used, else the CPU), cpu, cuda or cuda:N")
        ->capture_default_str();
    app.add_option_function<std::string>(
           "--precision", [&options](const std::string& name) { options.device.precision = precisionFromName(name); },
           "Matrix products in float32 or bf16 instead of what the run's configuration says; passes have their own")
        ->check(CLI::IsMember({"float32", "bf16"}));
    app.add_option("--threads", options.device.threads, "Compute threads; 0: one for each core")
        ->check(wholeNumber(0, 4096))
        ->capture_default_str();
    app.parse_complete_callback([&app, &options] {
        if (app.got_subcommand("doctor"))
            return; // it looks for itself, and says what is wrong and why
        requireBuiltTorch();
        setUpCompute(options.device);
        const auto warning = computeInfo().warning;
        if (!warning.empty() && !options.output.quiet)
            std::fprintf(stderr, "warning: %s\n", warning.c_str());
    });
}

} // namespace nanodit::cli
