#pragma once

#include "app/pages/validate/validation_view.h"
#include "app/session.h"

#include <QWidget>

class QAction;
class QProgressBar;
class QStackedWidget;

namespace nanodit {

class Dialogs;
class PageFrame;
class StatePanel;
class ValidateForm;
class ValidateResults;
class Validating;
struct ShownValidation;

/// Did it work? Validates a model, shows what was found, and holds it against another.
class ValidatePage : public QWidget {
    Q_OBJECT

public:
    ValidatePage(Session& session, Validating& validating, Dialogs& dialogs, QWidget* parent = nullptr);
    bool settled() const;
    ValidateResults* results() const { return results_; }
    /// As if they were chosen: a run, or "RUN · step N"; empty leaves the choice as it is.
    void choose(const QString& model, const QString& baseline);
    void showComparison();

Q_SIGNALS:
    void trainWanted();
    void attentionWanted(const QString& record);
    /// A picture's settings, and the checkpoint that painted it (empty when it is gone).
    void sampleWanted(const QString& file, const QString& checkpoint);

protected:
    void showEvent(QShowEvent* event) override;

private:
    enum class Export { Page, Numbers, Table, Picture, Comparison };
    void addActions();
    void connectValidating();
    void start();
    /// What is chosen, and of when its reports are, as they were listed.
    QString chosenNow() const;
    void readChosen();
    void showRead(const ShownValidation& shown);
    void updateState();
    void addStartButton(const QString& text);
    void showContext(const Progress* progress);
    void save(Export what);

    Session& session_;
    Validating& validating_;
    Dialogs& dialogs_;
    PageFrame* frame_;
    QProgressBar* progress_;
    QStackedWidget* states_;
    StatePanel* state_;
    ValidateResults* results_;
    ValidateForm* form_;
    QAction *start_, *cancel_, *export_;
    QAction *exportComparison_ = nullptr, *escape_ = nullptr;
    bool listed_ = false; ///< What there is to validate is known.
    QString read_;        ///< What was chosen when reports were read last.
    bool reading_ = false;
    QString failure_; ///< Of the last reading; empty when it could be read.
};

} // namespace nanodit
