#pragma once

#include "core/config/field.h"
#include "core/geometry/bucket.h"

#include <filesystem>

namespace nanodit {

/// What import takes out of passes and packing, with the reason; the records stay, and a person's decision counts more.
struct ExclusionRules {
    double largestEnlargement = 4;      ///< To cover the bucket; a picture that needs more is too small. 0: no limit.
    double largestAspectRatio = 4;      ///< Long side / short side. 0: no limit.
    bool exactDuplicates = true;        ///< Of the same bytes, or of the same pixels.
    bool animations = false;            ///< Of several frames; otherwise their first frame is taken.
    std::int64_t nearDuplicateBits = 4; ///< Of 64, that may differ; see PictureFingerprint. -1: none are looked for.

    void visit(FieldVisitor& visitor);
};

/// workspace.yaml: what a workspace's data are made with.
struct WorkspaceConfig {
    std::int64_t format = 1;
    std::string dinoEncoder; ///< Hugging Face folders, relative to the workspace or absolute; empty: none yet.
    std::string t5Encoder;
    std::string vae;
    std::string lpips;
    std::vector<ImageSize> buckets = defaultBuckets();
    std::int64_t textTokens = 512;      ///< T: padded text length.
    std::string images = "data/images"; ///< Folders, relative to the workspace or absolute.
    std::string derived = "data/derived";
    std::string shards = "data/shards";
    std::string runs = "runs";
    double validationShare = 0.05; ///< Of records whose split is not given, by a stable hash of the id.
    ExclusionRules exclusions;
    std::vector<std::string> captionCommand; ///< Program and arguments; {image} is replaced. Empty: none.
    std::int64_t captionSeconds = 120;       ///< That it may take for one picture.
    std::int64_t captionProcesses = 1;       ///< Run at the same time.
    std::vector<std::string> alertCommand;   ///< Program and arguments, told of a training's events. Empty: none.
    std::int64_t alertSeconds = 10;          ///< That it may take for one event.

    void visit(FieldVisitor& visitor);
    std::vector<ConfigIssue> validate() const;
};

/// A workspace on disk: its folder and its configuration. A value; copies are cheap.
struct Workspace {
    std::filesystem::path root;
    WorkspaceConfig config;

    /// Throws DataError when `folder` holds no workspace.yaml (and says how to make one), ConfigError when it is wrong.
    static Workspace open(const std::filesystem::path& folder);
    /// Makes the folder and writes workspace.yaml. Throws DataError when there is one already.
    static Workspace create(const std::filesystem::path& folder, const WorkspaceConfig& config = {});
    void save() const;

    std::filesystem::path path(const std::string& relativeOrAbsolute) const;
    std::filesystem::path catalogFile() const { return root / "data" / "catalog.sqlite"; }
    std::filesystem::path imagesFolder() const { return path(config.images); }
    std::filesystem::path derivedFolder() const { return path(config.derived); }
    std::filesystem::path shardsFolder() const { return path(config.shards); }
    std::filesystem::path runsFolder() const { return path(config.runs); }
};

} // namespace nanodit
