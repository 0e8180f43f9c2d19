# Variables of a desktop, of a launcher of several processes, and of an installed workbench, which tests are not to see.
set(nanodit_unset_for_tests LANGUAGE XDG_CACHE_HOME XDG_CONFIG_HOME XDG_DATA_HOME QT_QPA_PLATFORMTHEME QT_STYLE_OVERRIDE QT_SCALE_FACTOR
  QT_SCREEN_SCALE_FACTORS QT_FONT_DPI RANK WORLD_SIZE OMPI_COMM_WORLD_RANK OMPI_COMM_WORLD_SIZE SLURM_PROCID SLURM_NTASKS NANODIT_RESOURCES)
list(TRANSFORM nanodit_unset_for_tests APPEND "=unset:")

# nanodit_label_test(<name> <labels>...)
# Gives a test its labels, and builds its program with the targets tests-<label>: a preset that runs some of the tests builds no others.
function(nanodit_label_test name)
  set_tests_properties(${name} PROPERTIES LABELS "${ARGN}")
  foreach(label ${ARGN})
    if(NOT TARGET tests-${label})
      add_custom_target(tests-${label})
    endif()
    add_dependencies(tests-${label} ${name})
  endforeach()
endfunction()

# nanodit_use_core_header(<target>)
# Lets a program use the precompiled header of nanodit_core, which was made with -fPIC; programs would be compiled with -fPIE, and
# g++ takes no header that was made with another setting. From g++ 13 on the settings of -O1 differ from those of -O2 and -O3, too.
function(nanodit_use_core_header target)
  target_precompile_headers(${target} REUSE_FROM nanodit_core)
  target_compile_options(${target} PRIVATE -fPIC)
  if(CMAKE_BUILD_TYPE STREQUAL "Release" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 13)
    target_compile_options(${target} PRIVATE -O2)
  endif()
endfunction()

# nanodit_share_header(<test> <library>)
# The first test of a library of the window makes a precompiled header of Qt's widgets, which the others take: all of them are compiled with the
# same settings. Not where every file is compiled by itself, so that a missing include is found.
function(nanodit_share_header name library)
  if(NOT CMAKE_UNITY_BUILD)
    return()
  endif()
  get_property(first GLOBAL PROPERTY nanodit_first_test_of_${library})
  if(first)
    target_precompile_headers(${name} REUSE_FROM ${first})
  else()
    target_precompile_headers(${name} PRIVATE <QtWidgets/QtWidgets> <QtTest/QTest>)
    set_property(GLOBAL PROPERTY nanodit_first_test_of_${library} ${name})
  endif()
endfunction()

# nanodit_moc(<target> <source>)
# Makes NAME.moc of NAME.cpp, which holds classes with Q_OBJECT and includes it at its end. AUTOMOC would start CMake for each target,
# follow LibTorch's headers and add a file to compile: together a sixth of the time to build the tests.
function(nanodit_moc target source)
  get_filename_component(name ${source} NAME_WE)
  set(moc ${CMAKE_CURRENT_BINARY_DIR}/${name}.moc)
  set(definitions $<TARGET_PROPERTY:${target},COMPILE_DEFINITIONS>)
  add_custom_command(OUTPUT ${moc}
    COMMAND Qt6::moc "$<$<BOOL:${definitions}>:-D$<JOIN:${definitions},;-D>>" -o ${moc} ${CMAKE_CURRENT_SOURCE_DIR}/${source}
    DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${source} Qt6::moc
    COMMAND_EXPAND_LISTS VERBATIM)
  target_sources(${target} PRIVATE ${moc})
  target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR})
endfunction()

# nanodit_add_fixture(<name> <files>...)
# What several tests that use LibTorch share, compiled once.
function(nanodit_add_fixture name)
  add_library(${name} STATIC ${ARGN})
  target_link_libraries(${name} PUBLIC nanodit_core nanodit_test_support PRIVATE nanodit_options)
  nanodit_use_core_header(${name})
endfunction()

# gold links a test three to five times as fast as the usual linker, and there are more than 200 to link.
include(CheckLinkerFlag)
check_linker_flag(CXX -fuse-ld=gold NANODIT_HAS_GOLD)

# nanodit_add_test(<name> SOURCES <files> [LIBRARIES <targets>] [LABELS <labels>] [TIMEOUT <seconds>] [TORCH] [AUTOMOC])
# A Qt Test program <name> in <name>.cpp, run by ctest without a screen. TORCH: sources use LibTorch (reuses the core's precompiled
# header). AUTOMOC: headers of its sources hold classes with Q_OBJECT, too.
function(nanodit_add_test name)
  cmake_parse_arguments(arg "TORCH;AUTOMOC" "TIMEOUT" "SOURCES;LIBRARIES;LABELS" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  add_executable(${name} ${arg_SOURCES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  if(arg_AUTOMOC)
    set_target_properties(${name} PROPERTIES AUTOMOC ON)
  else()
    nanodit_moc(${name} ${name}.cpp)
  endif()
  target_link_libraries(${name} PRIVATE nanodit_options nanodit_test_support Qt6::Test ${arg_LIBRARIES})
  target_compile_definitions(${name} PRIVATE QT_NO_KEYWORDS)
  if(NANODIT_HAS_GOLD)
    target_link_options(${name} PRIVATE -fuse-ld=gold)
  endif()
  if(arg_TORCH)
    target_link_libraries(${name} PRIVATE nanodit_core)
    nanodit_use_core_header(${name})
  else()
    target_link_libraries(${name} PRIVATE nanodit_base)
    foreach(library nanodit_app nanodit_widgets)
      if(library IN_LIST arg_LIBRARIES)
        nanodit_share_header(${name} ${library})
      endif()
    endforeach()
  endif()
  add_test(NAME ${name} COMMAND ${name})
  # Qt Test itself would end a function after five minutes, however long the whole may take. Numbers and times in texts are not those of
  # the desktop on which the tests happen to run, and neither are fonts, scales, folders and ranks. Each has a home of its own, for
  # thumbnails and the trash, which CMake empties: two that run at once do not meet there, and nothing is left in that of whoever runs them.
  set(home ${CMAKE_CURRENT_BINARY_DIR}/homes/${name})
  file(REMOVE_RECURSE ${home})
  file(MAKE_DIRECTORY ${home})
  set_tests_properties(${name} PROPERTIES
    TIMEOUT ${arg_TIMEOUT}
    ENVIRONMENT "HOME=${home};QT_QPA_PLATFORM=offscreen;LC_ALL=C.UTF-8;TZ=UTC;NANODIT_TEST_DATA=${CMAKE_SOURCE_DIR}/tests/data;QTEST_FUNCTION_TIMEOUT=${arg_TIMEOUT}000"
    ENVIRONMENT_MODIFICATION "${nanodit_unset_for_tests}")
  # What may take long begins first, or a core would wait for it at the end. ctest measures the others for the next time.
  if(arg_TIMEOUT GREATER 120)
    set_tests_properties(${name} PROPERTIES COST ${arg_TIMEOUT})
  endif()
  nanodit_label_test(${name} ${arg_LABELS})
endfunction()
