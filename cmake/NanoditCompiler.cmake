# Compiler settings that every target shares, through the interface target nanodit_options.

if(NOT CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(NANODIT_CCACHE ccache)
  if(NANODIT_CCACHE)
    # A precompiled header is only cacheable when ccache may trust it and ignore the time of its making.
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${NANODIT_CCACHE})
  endif()
endif()

# The time goes into LibTorch and into the few files that ask for -O3 themselves; the rest gains nothing by it but a longer build.
string(REPLACE "-O3" "-O2" CMAKE_CXX_FLAGS_RELEASE "${CMAKE_CXX_FLAGS_RELEASE}")

add_library(nanodit_options INTERFACE)
target_compile_options(nanodit_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -fpch-preprocess
  $<$<BOOL:${NANODIT_WERROR}>:-Werror>)
target_include_directories(nanodit_options INTERFACE ${CMAKE_SOURCE_DIR})

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # g++ 12 warns of overlapping copies inside std::string's own operator+ (GCC bug 105651).
  target_compile_options(nanodit_options INTERFACE -Wno-restrict)
endif()

if(CMAKE_UNITY_BUILD)
  # Names of neighbours that are compiled along look like globals, and anonymous ones as if they stood in a header.
  target_compile_options(nanodit_options INTERFACE -Wno-shadow -Wno-subobject-linkage)
endif()

if(NANODIT_SANITIZE)
  add_compile_options(-fsanitize=${NANODIT_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${NANODIT_SANITIZE})
endif()
