#include "app/main_window.h"

#include "app/about.h"
#include "app/after_jobs.h"
#include "app/application.h"
#include "app/compute_setting.h"
#include "app/controllers.h"
#include "app/dialogs.h"
#include "app/failures.h"
#include "app/job_runner.h"
#include "app/main_menu.h"
#include "app/new_folder_dialog.h"
#include "app/page_links.h"
#include "app/pages/attention/attention_page.h"
#include "app/pages/dataset/dataset_actions.h"
#include "app/pages/dataset/dataset_page.h"
#include "app/pages/dataset/report_drawer.h"
#include "app/pages/runs/runs_page.h"
#include "app/pages/sample/sample_page.h"
#include "app/pages/train/train_page.h"
#include "app/pages/validate/validate_page.h"
#include "app/pages/welcome/welcome_page.h"
#include "app/preferences.h"
#include "app/recent_workspaces.h"
#include "app/same_workspace.h"
#include "app/settings/settings_dialog.h"
#include "app/shortcuts.h"
#include "app/status_strip.h"
#include "app/window_drops.h"
#include "app/window_layout.h"
#include "app/workspace_folder.h"
#include "widgets/banner.h"
#include "widgets/commands.h"
#include "widgets/key_guard.h"
#include "widgets/navigation_rail.h"
#include "widgets/page_stack.h"
#include "widgets/tab_order.h"
#include "widgets/text.h"
#include "widgets/theme.h"
#include "widgets/wheel_guard.h"

#include <QCloseEvent>
#include <QDir>
#include <QDragEnterEvent>
#include <QFileInfo>
#include <QScreen>
#include <QScrollArea>
#include <QStackedWidget>
#include <QVBoxLayout>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <iterator>
#include <utility>

namespace nanodit {

MainWindow::MainWindow(Session& session, Controllers& controllers, Theme& theme, Preferences& preferences,
                       Dialogs& dialogs, QWidget* parent)
    : QMainWindow(parent)
    , session_(session)
    , controllers_(controllers)
    , datasetJobs_(controllers.datasetJobs)
    , preferences_(preferences)
    , recent_(new RecentWorkspaces(preferences, this))
    , dialogs_(dialogs)
    , commands_(new Commands(this))
    , rail_(new NavigationRail(this))
    , banner_(new Banner(this))
    , pages_(new PageStack(this))
    , welcome_(new WelcomePage(this))
    , dataset_(new DatasetPage(session, controllers.datasetJobs, dialogs, this))
    , train_(new TrainPage(session, controllers.training, preferences, dialogs, this))
    , attention_(
          new AttentionPage(session, controllers.looking, controllers.comparison, controllers.training, dialogs, this))
    , sample_(new SamplePage(session, controllers.sampling, dialogs, this))
    , validate_(new ValidatePage(session, controllers.validating, dialogs, this))
    , runs_(new RunsPage(session, controllers.training, preferences, dialogs, this))
    , status_(new StatusStrip(session, this))
    , drops_(new WindowDrops(session, this))
    , remedies_(controllers.datasetJobs)
{
    pages_->setObjectName(QStringLiteral("pages"));
    setWindowTitle(QStringLiteral("NanoDiT Workbench"));
    setWindowIcon(QIcon(QStringLiteral(":/nanodit/icons/nanodit-workbench.svg")));
    setAcceptDrops(true);
    for (const auto& info : pageTable()) {
        rail_->addPage(pageName(info.page), QLatin1String(info.icon), Qt::CTRL | info.key);
        pages_->addWidget(widget(info.page));
    }
    pages_->addWidget(welcome_);
    pages_->setCurrentWidget(welcome_);
    rail_->setPagesEnabled(false);

    auto* const right = new QVBoxLayout;
    right->setSpacing(0);
    // With large fonts or on a small screen a page may need more room than there is: then it scrolls.
    auto* const scroll = new QScrollArea(this);
    scroll->setObjectName(QStringLiteral("pageScroll"));
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setWidgetResizable(true);
    scroll->setFocusPolicy(Qt::NoFocus);
    scroll->setWidget(pages_);
    scroll->viewport()->installEventFilter(pages_);
    right->addWidget(banner_);
    right->addWidget(scroll, 1);
    right->addWidget(status_);
    auto* const central = new QWidget(this);
    auto* const row = new QHBoxLayout(central);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(0);
    row->addWidget(rail_);
    row->addLayout(right, 1);
    setCentralWidget(central);

    QCoreApplication::instance()->installEventFilter(new WheelGuard(this));
    QCoreApplication::instance()->installEventFilter(new KeyGuard(this));
    makeMenu(theme);
    makeShortcuts();
    connectPages();
    connectDrops();
    connectSession();
    afterJobs_ = new AfterJobs(session_, dialogs_, this); // after connectSession(): the window hears of the end first
    connectRemedies();
    connect(recent_, &RecentWorkspaces::changed, welcome_, [this] { welcome_->setRecent(recent_->folders()); });
    recent_->refresh();
    constexpr QSize usual(1280, 800), titleBar(0, 40);
    resize(usual.boundedTo(screen()->availableSize() - titleBar));
    if (const auto geometry = preferences_.windowGeometry(); !geometry.isEmpty())
        restoreGeometry(geometry);
    for (const auto& info : pageTable())
        restoreLayout(*widget(info.page), QLatin1String(info.word), preferences_);
}

QWidget* MainWindow::widget(Page page) const
{
    const std::array<QWidget*, 6> all = {dataset_, train_, attention_, sample_, validate_, runs_};
    return all.at(static_cast<std::size_t>(page));
}

std::optional<Page> MainWindow::shownPage() const
{
    for (const auto& info : pageTable()) {
        if (pages_->currentWidget() == widget(info.page))
            return info.page;
    }
    return std::nullopt;
}

void MainWindow::makeMenu(Theme& theme)
{
    menu_ = new MainMenu(rail_->addTool(tr("Menu"), QStringLiteral("menu")), theme, preferences_, *recent_, *commands_,
                         this);
    connect(menu_, &MainMenu::openWanted, this, &MainWindow::askOpen);
    connect(menu_, &MainMenu::newWanted, this, &MainWindow::askNew);
    connect(menu_, &MainMenu::demoWanted, this, &MainWindow::askDemo);
    connect(menu_, &MainMenu::recentWanted, this, &MainWindow::openWorkspace);
    connect(menu_, &MainMenu::settingsWanted, this, &MainWindow::openSettings);
    connect(menu_, &MainMenu::shortcutsWanted, this, &MainWindow::showShortcuts);
    connect(menu_, &MainMenu::aboutWanted, this,
            [this] { dialogs_.tell(this, tr("About NanoDiT Workbench"), aboutAsHtml(session_.compute().state())); });
}

void MainWindow::makeShortcuts()
{
    std::vector<std::pair<QKeySequence, Commands::Act>> each;
    QStringList names;
    for (const auto& info : pageTable()) {
        each.emplace_back(Qt::CTRL | info.key, [this, page = info.page] { showPage(page); });
        names << pageName(info.page);
    }
    commands_->add(each, names.join(QStringLiteral(", ")));
}

void MainWindow::connectPages()
{
    connect(rail_, &NavigationRail::pageChosen, this, [this](int page) { showPage(static_cast<Page>(page)); });
    connect(status_, &StatusStrip::pageWanted, this, &MainWindow::showPage);
    connect(status_, &StatusStrip::computeChosen, this, &MainWindow::chooseDevice);
    linkPages({.dataset = dataset_,
               .train = train_,
               .attention = attention_,
               .sample = sample_,
               .validate = validate_,
               .runs = runs_},
              [this](Page page) { showPage(page); });
    connect(welcome_, &WelcomePage::openWanted, this, &MainWindow::askOpen);
    connect(welcome_, &WelcomePage::newWanted, this, &MainWindow::askNew);
    connect(welcome_, &WelcomePage::demoWanted, this, &MainWindow::askDemo);
    connect(welcome_, &WelcomePage::recentWanted, this, &MainWindow::openWorkspace);
}

void MainWindow::connectDrops()
{
    connect(drops_, &WindowDrops::pictureDropped, this, [this](const QString& file) {
        showPage(Page::Sample);
        sample_->restoreFrom(file);
    });
    connect(drops_, &WindowDrops::folderDropped, this, &MainWindow::takePictures);
    connect(drops_, &WindowDrops::workspaceDropped, this, &MainWindow::openWorkspace);
    connect(drops_, &WindowDrops::waits, this, [this](const QString& path) {
        banner_->showNotice(tr("Waiting for the disk of %1 to answer.").arg(folderText(path)));
    });
}

void MainWindow::connectSession()
{
    connect(&session_, &Session::workspaceOpening, this, [this] {
        opening_ = true;
        drops_->forget();
        banner_->hide();
        welcome_->setBusy(true, tr("Opening the workspace"));
    });
    connect(&session_, &Session::workspaceChanged, this, [this] {
        const auto folder = QString::fromStdString(session_.workspace().root.string());
        recent_->add(folder);
        setWindowTitle(tr("%1 – NanoDiT Workbench").arg(QFileInfo(folder).fileName()));
        rail_->setPagesEnabled(true);
        menu_->setHasWorkspace(true);
        opening_ = false;
        if (const auto first = std::exchange(firstPage_, Page::Dataset);
            pages_->currentWidget() == welcome_ || first != Page::Dataset)
            showPage(first);
        welcome_->setBusy(false, {});
    });
    connect(&session_, &Session::failed, this, [this](const QString& what, const Notice& why) {
        opening_ = false;
        firstPage_ = Page::Dataset;
        welcome_->setBusy(false, {});
        showFailure(*banner_, what, why);
    });
    connect(&controllers_.settings, &WorkspaceSettings::reloaded, this, [this] {
        banner_->showNotice(tr("The workspace's settings were changed by another program and have been read again."));
    });
    connect(&controllers_.settings, &WorkspaceSettings::reloadFailed, this, [this](const Notice& why) {
        showFailure(*banner_, tr("The changed workspace settings cannot be used; the previous ones stay in effect"),
                    why);
    });
    connect(&datasetJobs_, &DatasetJobs::failed, this, [this](const QString& what, const Notice& why) {
        if (pages_->currentWidget() != dataset_) // whose banner keeps it
            showFailure(*banner_, what, why);
    });
    connect(&session_, &Session::jobStarted, this, [this](JobRunner* runner) {
        if (!session_.hasWorkspace()) { // the demo is being made
            banner_->hide();
            welcome_->setBusy(true, tr("Creating the demo workspace"));
            connect(runner, &JobRunner::progressed, welcome_, &WelcomePage::showProgress);
        }
    });
    connect(&session_, &Session::allJobsEnded, this, [this] {
        if (!session_.hasWorkspace() && !opening_)
            welcome_->setBusy(false, {});
    });
    if (auto* const application = qobject_cast<Application*>(QCoreApplication::instance()))
        connect(application, &Application::faulted, this, [this](const Notice& why) {
            showFailure(*banner_, tr("An error occurred in the window. Running jobs continue."), why);
        });
}

/// A button for what helps is pressed in some banner or beside a record.
void MainWindow::connectRemedies()
{
    for (auto* const banner : findChildren<Banner*>())
        connect(banner, &Banner::remedyWanted, &remedies_, &Remedies::act);
    connect(dataset_, &DatasetPage::remedyWanted, &remedies_, &Remedies::act);
    connect(&remedies_, &Remedies::pageWanted, this, &MainWindow::showPage);
    connect(&remedies_, &Remedies::openWanted, this, &MainWindow::askOpen);
    connect(&remedies_, &Remedies::demoWanted, this, &MainWindow::askDemo);
    connect(&remedies_, &Remedies::encoderWanted, this,
            [this](remedy::Encoder encoder) { openSettings()->showEncoder(encoder); });
    connect(&remedies_, &Remedies::deviceWanted, status_, &StatusStrip::openComputeMenu);
    connect(&remedies_, &Remedies::importWanted, this, [this] {
        showPage(Page::Dataset);
        dataset_->importPictures();
    });
    connect(&remedies_, &Remedies::passesWanted, this, [this] {
        showPage(Page::Dataset);
        dataset_->drawer()->openPasses();
    });
    connect(&remedies_, &Remedies::packWanted, this, [this] {
        showPage(Page::Dataset);
        dataset_->actions()->pack();
    });
}

SettingsDialog* MainWindow::openSettings()
{
    if (auto* const open = findChild<SettingsDialog*>(); open != nullptr && open->isVisible()) {
        open->activateWindow();
        return open;
    }
    auto* const dialog = new SettingsDialog(session_, controllers_, dialogs_, this);
    connect(dialog, &SettingsDialog::deviceChosen, this, [this](const std::string& device) {
        auto choice = session_.device();
        choice.device = device;
        chooseDevice(choice);
    });
    dialog->open();
    return dialog;
}

void MainWindow::chooseDevice(const ComputeChoice& choice)
{
    session_.compute().choose(choice);
    preferences_.setCompute(choice);
}

void MainWindow::openWorkspace(const QString& folder)
{
    firstPage_ = Page::Dataset;
    afterJobs_->ask(tr("Open another workspace?"), tr("Stop and open"),
                    [this, folder] { session_.openWorkspace(folder); });
}

void MainWindow::openLast()
{
    const auto folder = preferences_.lastWorkspace();
    if (folder.isEmpty())
        return;
    recent_->ifThere(folder, [this, folder] {
        if (session_.hasWorkspace() || opening_ || !session_.jobs().empty()) // somebody was faster
            return;
        openWorkspace(folder);
        firstPage_ = preferences_.lastPage().value_or(Page::Dataset);
    });
}

void MainWindow::showPage(Page page)
{
    if (!session_.hasWorkspace())
        return;
    pages_->setCurrentWidget(widget(page));
    rail_->setCurrent(static_cast<int>(page));
    pages_->currentWidget()->setFocus();
}

void MainWindow::askOpen()
{
    const auto folder = dialogs_.chooseFolder(this, tr("Open a workspace"));
    if (!folder.isEmpty())
        openWorkspace(folder);
}

void MainWindow::askNew()
{
    const auto pictures = dialogs_.chooseFolder(this, tr("Choose a folder of pictures"));
    if (!pictures.isEmpty())
        createFrom(pictures);
}

void MainWindow::createFrom(const QString& pictures)
{
    disk_.ask([suggestion = pictures + QStringLiteral("-workspace")] { return freeFolder(suggestion); },
              [this, pictures](const QString& suggestion) {
                  const auto folder =
                      dialogs_.chooseNewFolder(this, tr("New workspace from %1").arg(QFileInfo(pictures).fileName()),
                                               suggestion, NewFolder::Workspace);
                  openOr(folder, [this, folder, pictures] {
                      afterJobs_->ask(tr("Create another workspace?"), tr("Stop and create"), [this, folder, pictures] {
                          pages_->setCurrentWidget(welcome_); // the pages are the other workspace's until it is there
                          datasetJobs_.createWorkspace(folder, pictures);
                      });
                  });
              });
}

void MainWindow::openOr(const QString& folder, std::function<void()> make)
{
    if (folder.isEmpty()) // none was chosen
        return;
    disk_.ask([folder] { return holdsWorkspace(folder); },
              [this, folder, make = std::move(make)](bool there) {
                  if (there)
                      openWorkspace(folder);
                  else
                      make();
              });
}

void MainWindow::askDemo()
{
    const auto folder = dialogs_.chooseNewFolder(
        this, tr("New demo workspace"), QDir::home().filePath(QStringLiteral("nanodit-demo")), NewFolder::Workspace);
    openOr(folder, [this, folder] { // unless it was made before
        afterJobs_->ask(tr("Create the demo workspace?"), tr("Stop and create"), [this, folder] {
            firstPage_ = Page::Train; // where it is ready, with the reference model beside it
            datasetJobs_.createDemo(folder);
        });
    });
}

void MainWindow::takePictures(const QString& folder)
{
    if (!session_.hasWorkspace())
        return createFrom(folder);
    const SameWorkspace same(session_);
    const auto name = QFileInfo(folder).fileName();
    const auto here = QFileInfo(QString::fromStdString(session_.workspace().root.string())).fileName();
    switch (dialogs_.chooseOne(this, tr("What should happen to the folder %1?").arg(name),
                               tr("Pictures are read where they are; nothing is moved."),
                               {tr("Import into %1").arg(here), tr("New workspace…")})) {
    case 0:
        if (!same)
            return banner_->showNotice(tr("Nothing was imported: %1 is no longer open.").arg(here));
        showPage(Page::Dataset);
        if (datasetJobs_.busy())
            return banner_->showNotice(tr("A data set job is running; import the folder when it has ended."));
        return datasetJobs_.importPictures(folder);
    case 1:
        return createFrom(folder);
    default:
        return;
    }
}

void MainWindow::endProgram()
{
    afterJobs_->stop([this] {
        session_.leave();
        keepState();
        QCoreApplication::exit();
    });
}

void MainWindow::keepState()
{
    preferences_.setWindowGeometry(saveGeometry());
    for (const auto& info : pageTable())
        keepLayout(*widget(info.page), QLatin1String(info.word), preferences_);
    if (const auto page = shownPage())
        preferences_.setLastPage(*page);
}

void MainWindow::tellOfCrashes(const std::vector<std::filesystem::path>& reports)
{
    if (!reports.empty())
        banner_->showFailure(tr("The program ended unexpectedly last time"),
                             tr("Training can be resumed from the newest checkpoint. Details are in %1.")
                                 .arg(QString::fromStdString(reports.back().string())));
}

void MainWindow::showShortcuts()
{
    const auto shown = shownPage();
    dialogs_.tell(this, tr("Keyboard shortcuts"),
                  shortcutsAsHtml(*commands_, shown ? widget(*shown) : nullptr, shown ? pageName(*shown) : QString()));
}

bool MainWindow::settled() const
{
    return session_.hasWorkspace() && dataset_->settled() && train_->settled() && attention_->settled() &&
           sample_->settled() && validate_->settled() && runs_->settled();
}

bool MainWindow::focusNextPrevChild(bool next)
{
    std::vector<QWidget*> order;
    for (auto* const part : std::initializer_list<QWidget*>{banner_, pages_->currentWidget(), status_, rail_})
        std::ranges::copy(inTabOrder(*part), std::back_inserter(order));
    return moveFocus(order, next);
}

void MainWindow::closeEvent(QCloseEvent* event)
{
    if (session_.jobs().empty()) {
        session_.leave();
        keepState();
        event->accept();
        return;
    }
    event->ignore();
    // Not from within this event: a window that is being closed takes no second wish.
    afterJobs_->ask(tr("Close the window?"), tr("Stop and close"),
                    [this] { QMetaObject::invokeMethod(this, &QWidget::close, Qt::QueuedConnection); });
}

void MainWindow::dragEnterEvent(QDragEnterEvent* event)
{
    if (!opening_)
        drops_->enter(*event);
}

void MainWindow::dragMoveEvent(QDragMoveEvent* event)
{
    drops_->move(*event);
}

void MainWindow::dragLeaveEvent(QDragLeaveEvent*)
{
    drops_->forget();
}

void MainWindow::dropEvent(QDropEvent* event)
{
    drops_->drop(*event);
}

} // namespace nanodit
