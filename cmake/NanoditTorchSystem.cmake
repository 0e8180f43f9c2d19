# The system's LibTorch, and two of its traps.
#
# 1. With two LibTorch's on a machine, find_package(Torch) of one can pick libc10 of the other: both must lie in one folder.
# 2. Without OpenBLAS, Debian's LibTorch falls back to the reference BLAS, tens of times slower; with OpenBLAS built on
#    pthreads, nested calls oversubscribe LibTorch's own OpenMP threads. Programs therefore carry a run path to the OpenMP
#    build of OpenBLAS, whatever the system's alternatives say, and check it when they start.

find_package(Torch QUIET)
if(NOT TARGET torch)
  message(FATAL_ERROR "LibTorch was not found: install the Debian package libtorch-dev, or pass -DNANODIT_TORCH=DIR with the "
    "folder of another one (torch of a PyPI wheel, or an unpacked libtorch).")
endif()

get_target_property(nanodit_torch_location torch IMPORTED_LOCATION)
get_target_property(nanodit_c10_location c10 IMPORTED_LOCATION_NOCONFIG)
if(NOT nanodit_c10_location)
  get_target_property(nanodit_c10_location c10 IMPORTED_LOCATION_RELEASE)
endif()
if(nanodit_torch_location AND nanodit_c10_location)
  cmake_path(GET nanodit_torch_location PARENT_PATH nanodit_torch_folder)
  cmake_path(GET nanodit_c10_location PARENT_PATH nanodit_c10_folder)
  file(REAL_PATH ${nanodit_torch_folder} nanodit_torch_folder)
  file(REAL_PATH ${nanodit_c10_folder} nanodit_c10_folder)
  if(NOT nanodit_torch_folder STREQUAL nanodit_c10_folder)
    message(FATAL_ERROR "Two LibTorch installations are mixed: libtorch is in ${nanodit_torch_folder}, libc10 in "
      "${nanodit_c10_folder}. Pass -DTorch_DIR and -DCaffe2_DIR of the same one, or -DNANODIT_TORCH=DIR.")
  endif()
endif()

target_include_directories(nanodit_torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
target_link_libraries(nanodit_torch INTERFACE ${TORCH_LIBRARIES} OpenMP::OpenMP_CXX)
separate_arguments(nanodit_torch_flags UNIX_COMMAND "${TORCH_CXX_FLAGS}")
target_compile_options(nanodit_torch INTERFACE ${nanodit_torch_flags})

find_library(NANODIT_OPENBLAS_OPENMP NAMES libblas.so.3
  PATHS /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/openblas-openmp /usr/lib/${CMAKE_SYSTEM_PROCESSOR}-linux-gnu/openblas-openmp
  NO_DEFAULT_PATH)
if(NANODIT_OPENBLAS_OPENMP)
  cmake_path(GET NANODIT_OPENBLAS_OPENMP PARENT_PATH nanodit_openblas_folder)
  list(APPEND CMAKE_BUILD_RPATH ${nanodit_openblas_folder})
  list(APPEND CMAKE_INSTALL_RPATH ${nanodit_openblas_folder})
else()
  message(WARNING "The OpenMP build of OpenBLAS was not found (Debian package libopenblas0-openmp). "
    "If LibTorch has no BLAS of its own, training will be tens of times slower.")
endif()
