#include "core/config/workspace_config.h"

#include "core/config/yaml.h"
#include "core/io/atomic_file.h"
#include "core/io/presence.h"
#include "core/runtime/error.h"

#include <algorithm>
#include <cstdlib>
#include <initializer_list>
#include <utility>

namespace nanodit {

namespace fs = std::filesystem;

void WorkspaceConfig::visit(FieldVisitor& v)
{
    v.field({"format", "Version of this file's layout.", 1, 1}, format);
    v.beginGroup("encoders", "Hugging Face model folders, relative to the workspace or absolute.");
    v.field({"dino", "DINOv3 or DINOv2 ViT."}, dinoEncoder);
    v.field({"t5", "T5 v1.1 encoder with its spiece.model."}, t5Encoder);
    v.field({"vae", "AutoencoderKL with 16 latent channels."}, vae);
    v.field({"lpips", "LPIPS weights, for validation."}, lpips);
    v.endGroup();
    std::vector<std::string> names;
    for (const auto bucket : buckets)
        names.push_back(bucketName(bucket));
    const auto before = names;
    const FieldInfo sizes{
        "buckets",
        "Sizes (width x height) that pictures are scaled and cropped to; each takes the nearest aspect ratio."};
    v.field(sizes, names);
    if (names != before) {
        buckets.clear();
        for (std::size_t i = 0; i < names.size(); ++i) {
            if (const auto size = sizeFromName(names[i]))
                buckets.push_back(*size);
            else
                v.rejectItem(sizes, i, "sizes, WIDTHxHEIGHT in pixels, for example 1216x832");
        }
    }
    v.field({"text_tokens", "Longest caption in T5 tokens; longer ones are cut.", 1, 8192, "tokens"}, textTokens);
    v.beginGroup("folders", "Where things are, relative to the workspace or absolute.");
    v.field({"images", "Originals."}, images);
    v.field({"derived", "Arrays computed by the passes."}, derived);
    v.field({"shards", "Packed WebDataset shards."}, shards);
    v.field({"runs", "Training runs."}, runs);
    v.endGroup();
    v.field({"validation_share", "Share of records set aside for validation, by a stable hash of the id.", 0, 0.9},
            validationShare);
    v.beginGroup("exclusions",
                 "Pictures that import excludes from passes and packing. A record can be included again by hand.");
    exclusions.visit(v);
    v.endGroup();
    v.field({"caption_command",
             "Program and arguments, run without a shell, that print the caption of the picture {image}, for example "
             "[python3, caption.py, \"{image}\"]."},
            captionCommand);
    v.field({"caption_seconds", "Time limit for one picture.", 1, 86400, "s"}, captionSeconds);
    v.field({"caption_processes", "Caption programs that run at the same time, each for another picture.", 1, 256},
            captionProcesses);
    v.beginGroup("alerts", "Program to notify when a training ends or fails, its loss jumps or it waits for data.");
    v.field({"command",
             "Program and arguments, run without a shell, that get the event as JSON on their standard input, for "
             "example [notify-me, training]."},
            alertCommand);
    v.field({"seconds", "Time limit for one event.", 1, 3600, "s"}, alertSeconds);
    v.endGroup();
}

void ExclusionRules::visit(FieldVisitor& v)
{
    v.field({"largest_enlargement",
             "Pictures that would be enlarged more than this to cover their bucket; 0: no limit.", 0, 1000},
            largestEnlargement);
    v.field({"largest_aspect_ratio",
             "Pictures whose long side is more than this many times the short side; 0: no limit.", 0, 1000},
            largestAspectRatio);
    v.field({"exact_duplicates", "Pictures of the same bytes or the same pixels as another one."}, exactDuplicates);
    v.field(
        {"animations", "Pictures of several frames (GIF, PNG, WebP, AVIF, HEIC); otherwise their first frame is used."},
        animations);
    v.field({"near_duplicate_bits",
             "Pictures of the same colours whose perceptual hash differs in at most this many of 64 bits; -1: none.",
             -1, 12, "bits"},
            nearDuplicateBits);
}

namespace {

void checkLimit(double limit, const char* key, std::vector<ConfigIssue>& issues)
{
    if (limit > 0 && limit < 1)
        issues.push_back({key, "would exclude every picture: give 1 or more, or 0 for no limit"});
}

} // namespace

std::vector<ConfigIssue> WorkspaceConfig::validate() const
{
    auto copy = *this;
    auto issues = rangeIssues([&copy](FieldVisitor& v) { copy.visit(v); });
    if (buckets.empty())
        issues.push_back({"buckets", "must name at least one size, for example [1024x1024]"});
    constexpr std::int64_t longestSide = 16384; // far beyond what is trained on; sums of pixels stay small
    for (const auto bucket : buckets) {
        if (bucket.width > longestSide || bucket.height > longestSide)
            issues.push_back({"buckets", bucketName(bucket) + " must have at most " + std::to_string(longestSide) +
                                             " pixels on each side"});
        else if (bucket.width % 16 != 0 || bucket.height % 16 != 0)
            issues.push_back({"buckets", bucketName(bucket) +
                                             " must be a multiple of 16 pixels on both sides (8 per latent x "
                                             "2 latents per token)"});
    }
    checkLimit(exclusions.largestEnlargement, "exclusions.largest_enlargement", issues);
    checkLimit(exclusions.largestAspectRatio, "exclusions.largest_aspect_ratio", issues);
    for (const auto& [key, value] :
         std::initializer_list<std::pair<const char*, const std::string*>>{{"encoders.dino", &dinoEncoder},
                                                                           {"encoders.t5", &t5Encoder},
                                                                           {"encoders.vae", &vae},
                                                                           {"encoders.lpips", &lpips},
                                                                           {"folders.images", &images},
                                                                           {"folders.derived", &derived},
                                                                           {"folders.shards", &shards},
                                                                           {"folders.runs", &runs}}) {
        const bool control =
            std::ranges::any_of(*value, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
        if (control || value->find('\\') != std::string::npos)
            issues.push_back({key, std::string("holds ") + (control ? "a control character" : "a backslash") +
                                       ": in double quotes a backslash begins one; write folders with /, for example "
                                       "models/vae"});
    }
    const auto namesImage = [](const std::string& argument) { return argument.find("{image}") != std::string::npos; };
    if (!captionCommand.empty() && std::ranges::none_of(captionCommand, namesImage))
        issues.push_back(
            {"caption_command", "must have an argument with {image} in it, which stands for the picture's path"});
    return issues;
}

Workspace Workspace::open(const fs::path& folder)
{
    const auto file = folder / "workspace.yaml";
    if (!isPresent(file))
        throw DataError(folder.string() + " is not a workspace: it has no workspace.yaml", remedy::ChooseWorkspace{});
    if (!isPresentFile(file))
        throw DataError(file.string() + " is a folder, a pipe or a device: put the file in its place");
    Workspace workspace{.root = fs::absolute(folder).lexically_normal(), .config = {}};
    auto& config = workspace.config;
    const auto yaml = readTextFile(file);
    readYaml(yaml, file.string(), [&config](FieldVisitor& v) { config.visit(v); });
    throwIfAny(config.validate(), file.string(), yaml);
    return workspace;
}

Workspace Workspace::create(const fs::path& folder, const WorkspaceConfig& config)
{
    Workspace workspace{.root = fs::absolute(folder).lexically_normal(), .config = config};
    throwIfAny(config.validate(), "the new workspace");
    if (isPresent(folder / "workspace.yaml"))
        throw DataError(folder.string() + " is a workspace already: open it, or choose another folder");
    std::error_code error;
    fs::create_directories(folder, error);
    if (error)
        throw StoreError("the folder " + folder.string() + " could not be created: " + error.message());
    workspace.save();
    return workspace;
}

void Workspace::save() const
{
    auto copy = config;
    writeFileAtomically(root / "workspace.yaml", writeYaml([&copy](FieldVisitor& v) { copy.visit(v); }, true));
}

fs::path Workspace::path(const std::string& relativeOrAbsolute) const
{
    auto whole = root / fs::path(relativeOrAbsolute);
    if (relativeOrAbsolute == "~" || relativeOrAbsolute.starts_with("~/")) { // as a shell has it
        if (const char* const home = std::getenv("HOME"))
            whole = fs::path(home) / fs::path(relativeOrAbsolute.substr(1)).relative_path();
    }
    whole = whole.lexically_normal();
    return whole.has_filename() || !whole.has_relative_path() ? whole : whole.parent_path(); // models/vae/ has a name
}

} // namespace nanodit
