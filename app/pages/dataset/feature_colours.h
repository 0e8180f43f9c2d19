#pragma once

#include "app/session.h"
#include "core/runtime/remedy.h"

#include <QObject>

#include <memory>

namespace nanodit {

class JobRunner;

/// How patch features become colours: which pictures the three directions are fitted on, and the fit, read from the
/// workspace's cache or made by a job when it is first needed.
class FeatureColours : public QObject {
    Q_OBJECT

public:
    explicit FeatureColours(Session& session, QObject* parent = nullptr);

    const PatchFitOptions& options() const { return options_; }
    void setOptions(const PatchFitOptions& options);
    /// The records that BasisScope::Selection means.
    void setSelection(std::vector<RecordKey> records);
    /// Null until it is there, and where the colours are those of one picture alone and the place counts.
    const std::shared_ptr<const PatchFit>& fit() const { return fit_; }
    bool fitting() const { return job_ != nullptr || reading_; }

    /// The last fit was stopped or failed: only fitAgain() makes one, or other options.
    bool gaveUp() const { return gaveUp_; }

    /// Reads the fit, or makes it.
    void want();
    /// Makes it anew, for example after pictures were added.
    void fitAgain();

Q_SIGNALS:
    /// Options or fit are others now.
    void changed();
    void fittingChanged();
    /// Of the job that fits.
    void logged(nanodit::LogLevel level, const QString& text);
    void failed(const QString& what, const nanodit::Notice& why);

private:
    /// The options of the fit that is needed: one picture needs the set's only for its place field.
    std::optional<PatchFitOptions> needed() const;
    void start();
    void forget();

    Session& session_;
    PatchFitOptions options_;
    std::vector<RecordKey> selection_;
    std::shared_ptr<const PatchFit> fit_;
    JobRunner* job_ = nullptr;
    bool reading_ = false, gaveUp_ = false;
    int generation_ = 0; ///< Of the options: answers to earlier ones are dropped.
};

} // namespace nanodit
