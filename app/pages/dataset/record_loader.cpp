#include "app/pages/dataset/record_loader.h"

#include "app/compute_setting.h"
#include "app/pages/dataset/feature_colours.h"
#include "app/wording.h"
#include "core/io/float_values.h"
#include "widgets/picture.h"

#include <algorithm>
#include <utility>

namespace nanodit {

namespace {

constexpr std::size_t keptRecords = 6;
constexpr std::int64_t longestShownSide = 2560; ///< Of the original; the bucket image is shown in full.

struct Pictures {
    QImage original, bucket;
    std::shared_ptr<const Image> bucketImage;
    std::optional<ScalarGrid> lossMask;
    QString maskProblem;
};

void readMaskOf(const Workspace& workspace, const RecordInfo& record, LossMasks& masks, Pictures& pictures)
{
    const auto file = masks.of(record.image);
    if (file.empty())
        return;
    try {
        const auto latent = latentTokenGrid(record.bucket, autoencoderFactor(workspace), 1); // its pixels
        pictures.lossMask =
            ScalarGrid{.grid = latent, .values = floatsOf(lossMask(file, record.original, record.bucket, latent))};
    } catch (const DataError& error) { // It costs the sample when shards are packed, but not the sight of it.
        pictures.maskProblem = QString::fromStdString(error.what());
    }
}

Pictures readPicturesOf(const Workspace& workspace, const RecordInfo& record, LossMasks& masks)
{
    const auto original = loadOriginal(record);
    Pictures pictures;
    pictures.bucketImage = std::make_shared<const Image>(makeBucketImage(original, record.bucket));
    pictures.bucket = qImageFromImage(*pictures.bucketImage);
    readMaskOf(workspace, record, masks, pictures);
    const auto longest = std::max(original.size.width, original.size.height);
    pictures.original = longest <= longestShownSide
                            ? qImageFromImage(original)
                            : qImageFromImage(resizeForDisplay(
                                  original, {.width = original.size.width * longestShownSide / longest,
                                             .height = original.size.height * longestShownSide / longest}));
    return pictures;
}

/// What is shown of the patches, made of the stored array.
struct Features {
    std::shared_ptr<const UnitFeatures> unit;
    std::optional<ScalarGrid> clsCosines;
    ScalarGrid norms;
    std::int64_t outliers = 0;
    std::optional<PatchColours> colours;
    std::array<double, 3> shares{};
};

Features readFeaturesOf(const Workspace& workspace, const RecordKey& key, const PatchFitOptions& options,
                        const std::shared_ptr<const PatchFit>& fit)
{
    auto features = loadFeatures(workspace, key);
    Features result;
    result.norms = patchNorms(features);
    const auto outlying = outliers(result.norms);
    result.outliers = std::count(outlying.begin(), outlying.end(), true);
    if (options.withoutPlace && fit && !fit->place.empty())
        features = withoutPlace(fit->place, std::move(features));
    result.unit = std::make_shared<const UnitFeatures>(features);
    if (!features.cls.empty())
        result.clsCosines = cosineToCls(features);
    if (options.scope == BasisScope::Picture) {
        const auto basis = fitPatchBasis(1, [&features](std::size_t) { return std::optional(features); },
                                         {.foregroundOnly = options.foregroundOnly});
        result.colours = patchColours(*basis, features);
        result.shares = basis->shares;
    } else if (fit) {
        result.colours = patchColours(fit->basis, features);
        result.shares = fit->basis.shares;
    }
    return result;
}

bool sameToLookAt(const RecordInfo& a, const RecordInfo& b)
{
    return a.image == b.image && a.bucket == b.bucket && a.original == b.original && a.arrays == b.arrays;
}

} // namespace

RecordLoader::RecordLoader(Session& session, FeatureColours& colours, QObject* parent)
    : QObject(parent)
    , session_(session)
    , colours_(colours)
{
    connect(&session_, &Session::workspaceChanged, this, &RecordLoader::forget);
    connect(&session_, &Session::settingsChanged, this, &RecordLoader::forget); // they name the encoders
    connect(&colours_, &FeatureColours::changed, this, [this] {
        // The newest ones are on the screen; the others are made again when they are wanted.
        for (const auto& view : views_) {
            view->colours.reset();
            readFeatures(view);
        }
    });
}

void RecordLoader::forget()
{
    pictures_.forgetWaiting();
    decoding_.forgetWaiting();
    views_.clear();
    reconstructor_.reset();
    decodingNow_.reset();
}

std::shared_ptr<RecordView> RecordLoader::find(const std::string& id) const
{
    const auto found =
        std::find_if(views_.begin(), views_.end(), [&id](const auto& view) { return view->record.id == id; });
    return found == views_.end() ? nullptr : *found;
}

std::shared_ptr<const RecordView> RecordLoader::want(const RecordInfo& record)
{
    auto view = find(record.id);
    std::erase(views_, view);
    if (view == nullptr || !sameToLookAt(view->record, record) || !view->pictureProblem.isEmpty()) {
        const auto& encoder = session_.dinoEncoder();
        view = std::make_shared<RecordView>();
        view->record = record;
        view->hasPatchGrid = encoder.has_value();
        view->grids = gridPair(record.bucket, encoder ? encoder->patchSize : 16);
        readFeatures(view); // the queue serves the newest first: pictures come before features
        readPictures(view);
    }
    view->record = record; // caption and split may be others
    views_.push_back(view);
    if (views_.size() > keptRecords)
        views_.pop_front();
    return view;
}

void RecordLoader::readPictures(const std::shared_ptr<RecordView>& asked)
{
    // Records that were passed by in the meantime are not read.
    pictures_.ask(
        this,
        [workspace = session_.workspace(), record = asked->record, &masks = lossMasks_, wanted = std::weak_ptr(asked)] {
            return wanted.expired() ? Pictures{} : readPicturesOf(workspace, record, masks);
        },
        [this, wanted = std::weak_ptr(asked)](Pictures pictures) {
            const auto view = wanted.lock();
            if (view == nullptr)
                return;
            view->original = std::move(pictures.original);
            view->bucket = std::move(pictures.bucket);
            view->bucketImage = std::move(pictures.bucketImage);
            view->lossMask = std::move(pictures.lossMask);
            view->maskProblem = std::move(pictures.maskProblem);
            Q_EMIT changed(view);
        },
        [this, wanted = std::weak_ptr(asked)](const Notice& why) {
            if (const auto view = wanted.lock()) {
                view->pictureProblem = noticeText(why);
                Q_EMIT changed(view);
            }
        });
}

void RecordLoader::readFeatures(const std::shared_ptr<RecordView>& asked)
{
    if (!asked->hasPatchGrid || !session_.hasWorkspace())
        return;
    const RecordKey key{.id = asked->record.id, .bucket = asked->record.bucket};
    pictures_.ask(
        this,
        [workspace = session_.workspace(), key, options = colours_.options(), fit = colours_.fit(),
         wanted = std::weak_ptr(asked)] {
            return wanted.expired() ? Features{} : readFeaturesOf(workspace, key, options, fit);
        },
        [this, wanted = std::weak_ptr(asked), options = colours_.options(), fit = colours_.fit()](Features features) {
            const auto& now = colours_.options();
            const auto view = wanted.lock();
            if (view == nullptr || now.scope != options.scope || now.foregroundOnly != options.foregroundOnly ||
                now.withoutPlace != options.withoutPlace || fit != colours_.fit())
                return; // a newer answer follows
            view->unit = std::move(features.unit);
            view->clsCosines = std::move(features.clsCosines);
            view->norms = std::move(features.norms);
            view->outliers = features.outliers;
            view->colours = std::move(features.colours);
            view->colourShares = features.shares;
            view->featureProblem.clear();
            Q_EMIT changed(view);
        },
        [this, wanted = std::weak_ptr(asked)](const Notice& why) {
            if (const auto view = wanted.lock()) {
                view->featureProblem = noticeText(why);
                Q_EMIT changed(view);
            }
        });
}

void RecordLoader::wantReconstruction(const std::string& id)
{
    const auto view = find(id);
    if (view == nullptr || view->bucketImage == nullptr || view->reconstruction != nullptr ||
        !view->reconstructionProblem.isEmpty() || decodingNow_ == view)
        return;
    decodingNow_ = view;
    if (!reconstructor_ || !isSame(reconstructsOn_, session_.device())) {
        reconstructsOn_ = session_.device();
        reconstructor_ = std::make_shared<Reconstructor>(session_.workspace(), reconstructsOn_);
    }
    decoding_.forgetWaiting(); // only what is looked at now
    const RecordKey key{.id = id, .bucket = view->record.bucket};
    decoding_.ask(
        this,
        [reconstructor = reconstructor_, key, image = view->bucketImage] {
            return std::make_shared<const Reconstruction>(reconstructor->reconstruct(key, *image));
        },
        [this, view](std::shared_ptr<const Reconstruction> made) {
            if (decodingNow_ == view)
                decodingNow_.reset();
            view->reconstruction = std::move(made);
            view->reconstructed = qImageFromImage(view->reconstruction->picture);
            Q_EMIT changed(view);
        },
        [this, view](const Notice& why) {
            if (decodingNow_ == view)
                decodingNow_.reset();
            view->reconstructionProblem = noticeText(why);
            Q_EMIT changed(view);
        });
}

} // namespace nanodit
