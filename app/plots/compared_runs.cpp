#include "app/plots/compared_runs.h"

#include "app/plots/run_curves_cache.h"
#include "app/session.h"
#include "widgets/text.h"

#include <QMenu>

#include <algorithm>

namespace nanodit {

ComparedRuns::ComparedRuns(Session& session, QWidget* parent)
    : QToolButton(parent)
    , session_(session)
    , curves_(new RunCurvesCache(session.readings(), this))
{
    setObjectName(QStringLiteral("compareRuns"));
    setToolTip(tr("Draw other runs over this one"));
    setAutoRaise(true);
    setPopupMode(QToolButton::InstantPopup);
    setMenu(new QMenu(this));
    connect(menu(), &QMenu::aboutToShow, this, &ComparedRuns::fillMenu);
    connect(&session_, &Session::workspaceChanged, this, [this] {
        names_.clear();
        showCount();
        Q_EMIT changed(); // before the curves go
        curves_->clear();
    });
    connect(&session_, &Session::runsChanged, this, [this] {
        setEnabled(session_.runs().size() > 1);
        if (isVisible() && !names_.isEmpty())
            curves_->readOn();
    });
    setEnabled(false);
    showCount();
}

void ComparedRuns::setShown(const QString& name)
{
    shown_ = name;
    showCount();
}

std::vector<PlottedRun> ComparedRuns::chosen()
{
    std::vector<PlottedRun> runs;
    for (const auto& name : names_) {
        if (name == shown_)
            continue;
        if (auto* const curves = curves_->of(session_.runs(), name))
            runs.push_back({name, curves});
    }
    return runs;
}

void ComparedRuns::choose(const QStringList& names)
{
    names_ = names;
    showCount();
    Q_EMIT changed();
}

void ComparedRuns::fillMenu()
{
    menu()->clear();
    for (const auto& run : session_.runs()) {
        const auto name = QString::fromStdString(run.name);
        if (name == shown_)
            continue;
        auto* const action = menu()->addAction(menuText(name));
        action->setCheckable(true);
        action->setChecked(names_.contains(name));
        connect(action, &QAction::toggled, this, [this, name](bool checked) {
            auto names = names_;
            names.removeAll(name);
            if (checked)
                names << name;
            choose(names);
        });
    }
    if (!names_.isEmpty()) {
        menu()->addSeparator();
        connect(menu()->addAction(tr("None")), &QAction::triggered, this, [this] { choose({}); });
    }
}

void ComparedRuns::showCount()
{
    constexpr qsizetype mostNamed = 2;
    auto others = names_;
    others.removeAll(shown_);
    const auto which =
        others.size() > mostNamed ? countText(others.size(), tr("runs")) : others.join(QStringLiteral(", "));
    setText(others.isEmpty() ? tr("Compare with…") : tr("Compared with %1").arg(menuText(which)));
}

} // namespace nanodit
